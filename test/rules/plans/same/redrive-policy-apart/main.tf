resource "aws_sqs_queue" "parked" {
  count = 1
  name  = "parked"
}

resource "aws_sqs_queue" "orders" {
  name       = "orders.fifo"
  fifo_queue = true
}

resource "aws_sqs_queue_redrive_policy" "of_orders" {
  queue_url = aws_sqs_queue.orders.id
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.parked[0].arn
    maxReceiveCount     = 5
  })
}
