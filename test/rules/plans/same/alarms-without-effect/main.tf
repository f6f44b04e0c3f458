resource "aws_kms_key" "topics" {
  policy = jsonencode({
    Statement = [{ Effect = "Allow", Principal = { AWS = "arn:aws:iam::123456789012:root" }, Action = "kms:*", Resource = "*" }]
  })
}

resource "aws_sns_topic" "people" {
  name              = "people"
  kms_master_key_id = aws_kms_key.topics.id
}

resource "aws_sqs_queue" "orders" {
  name = "orders"
}

resource "aws_cloudwatch_metric_alarm" "by_url" {
  alarm_name          = "by-url"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 60
  period              = 60
  evaluation_periods  = 1
  dimensions          = { QueueName = aws_sqs_queue.orders.arn }
  alarm_actions       = [aws_sns_topic.people.arn]
}

resource "aws_cloudwatch_metric_alarm" "silent" {
  alarm_name          = "silent"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 1
  evaluation_periods  = 1
  metric_query {
    id          = "late"
    expression  = "visible / (done - sent)"
    return_data = true
  }
  metric_query {
    id = "visible"
    metric {
      namespace   = "AWS/SQS"
      metric_name = "ApproximateNumberOfMessagesVisible"
      period      = 60
      stat        = "Maximum"
      dimensions  = { QueueName = aws_sqs_queue.orders.name }
    }
  }
  metric_query {
    id = "sent"
    metric {
      namespace   = "AWS/SQS"
      metric_name = "NumberOfMessagesSent"
      period      = 60
      stat        = "Sum"
      dimensions  = { QueueName = aws_sqs_queue.orders.name }
    }
  }
  metric_query {
    id = "done"
    metric {
      namespace   = "AWS/SQS"
      metric_name = "NumberOfMessagesDeleted"
      period      = 60
      stat        = "Sum"
      dimensions  = { QueueName = aws_sqs_queue.orders.name }
    }
  }
}
