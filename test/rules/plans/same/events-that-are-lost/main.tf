resource "aws_sns_topic" "changes" {
  name = "changes"
}

resource "aws_sqs_queue" "inbox" {
  name = "inbox"
}

resource "aws_sns_topic_subscription" "to_inbox" {
  topic_arn = aws_sns_topic.changes.arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.inbox.arn
}

resource "aws_lambda_function" "hook" {
  function_name = "hook"
  role          = "arn:aws:iam::123456789012:role/hook"
}

resource "aws_sns_topic_subscription" "to_hook" {
  topic_arn = aws_sns_topic.changes.arn
  protocol  = "lambda"
  endpoint  = aws_lambda_function.hook.arn
}

resource "aws_lambda_permission" "sns" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.hook.function_name
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.changes.arn
}

resource "aws_cloudwatch_event_rule" "uploads" {
  name          = "uploads"
  event_pattern = jsonencode({ source = ["aws.s3"] })
}

resource "aws_cloudwatch_event_target" "queue_of_uploads" {
  rule      = aws_cloudwatch_event_rule.uploads.name
  target_id = "inbox"
  arn       = aws_sqs_queue.inbox.arn
  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 10
  }
}
