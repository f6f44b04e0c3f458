variable "seconds" {}
variable "parked" {}

resource "aws_sqs_queue" "orders" {
  visibility_timeout_seconds = var.seconds
}

resource "aws_sqs_queue_redrive_policy" "of_orders" {
  queue_url      = aws_sqs_queue.orders.id
  redrive_policy = jsonencode({ deadLetterTargetArn = var.parked, maxReceiveCount = 5 })
}

resource "aws_lambda_function" "worker" {
  function_name = "worker-${var.seconds}"
  role          = "arn:aws:iam::123456789012:role/worker"
  timeout       = var.seconds / 8
}

resource "aws_lambda_event_source_mapping" "orders" {
  event_source_arn        = aws_sqs_queue.orders.arn
  function_name           = aws_lambda_function.worker.arn
  function_response_types = ["ReportBatchItemFailures"]
}
