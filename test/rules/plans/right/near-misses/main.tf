# Known only after apply, so that nothing is known of it.
resource "aws_kinesis_stream" "some" {
  name = "some"
}

resource "aws_sqs_queue" "waits" {
  name                       = "waits"
  visibility_timeout_seconds = length(aws_kinesis_stream.some.id)
  message_retention_seconds  = length(aws_kinesis_stream.some.id) * 3600
  redrive_policy = jsonencode({
    deadLetterTargetArn = data.aws_sqs_queue.of_others.arn
    maxReceiveCount     = length(aws_kinesis_stream.some.id)
  })
}

resource "aws_lambda_function" "worker" {
  function_name                  = "worker"
  role                           = "arn:aws:iam::123456789012:role/worker"
  timeout                        = 900
  reserved_concurrent_executions = length(aws_kinesis_stream.some.id)
}

resource "aws_lambda_event_source_mapping" "worker" {
  event_source_arn        = aws_sqs_queue.waits.arn
  function_name           = aws_lambda_function.worker.arn
  function_response_types = ["ReportBatchItemFailures"]
}

# Not made at all.
resource "aws_cloudwatch_log_group" "never" {
  count = 0
  name  = "never"
}

# Only read.
data "aws_sqs_queue" "of_others" {
  name = "of-others"
}

# A function that a person starts, whose settings come in a block that is written in a loop.
resource "aws_lambda_function" "by_hand" {
  function_name = "by-hand"
  role          = "arn:aws:iam::123456789012:role/worker"
  dynamic "dead_letter_config" {
    for_each = toset([aws_sqs_queue.waits.name])
    content {
      target_arn = aws_sqs_queue.parked.arn
    }
  }
}

resource "aws_sns_topic" "changes" {
  name = "changes"
}

resource "aws_lambda_permission" "sns" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.by_hand.function_name
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.changes.arn
}

# A policy whose text is known only after apply may say that the queue is read.
resource "aws_sqs_queue" "parked" {
  name                      = "parked"
  message_retention_seconds = 1209600
}

resource "aws_iam_role" "person" {
  name = "person"
}

resource "aws_iam_role_policy" "of_person" {
  name   = "read"
  role   = aws_iam_role.person.name
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sqs:ReceiveMessage", Resource = aws_sqs_queue.parked.arn }] })
}

# Of two equal modules each has its own queue.
module "shop" {
  source   = "./shop"
  for_each = { one = 200, two = 400 }
  seconds  = each.value
  parked   = aws_sqs_queue.parked.arn
}
