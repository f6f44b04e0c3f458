resource "aws_sqs_queue" "parked" {
  message_retention_seconds = 86400
}

resource "aws_sqs_queue" "orders" {
  message_retention_seconds = 172800
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.parked.arn
    maxReceiveCount     = 5
  })
}

resource "aws_cloudwatch_metric_alarm" "sent" {
  alarm_name          = "sent"
  namespace           = "AWS/SQS"
  metric_name         = "NumberOfMessagesSent"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 1
  dimensions          = { QueueName = aws_sqs_queue.parked.name }
}
