resource "aws_sqs_queue" "parked" {
  name                      = "parked"
  message_retention_seconds = 1209600
}

resource "aws_sqs_queue" "events" {
  name           = "events"
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.parked.arn, maxReceiveCount = 8 })
}

resource "aws_dynamodb_table" "seen" {
  name         = "seen"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "event_id"
}

data "aws_iam_policy_document" "write" {
  statement {
    actions   = ["dynamodb:PutItem"]
    resources = [aws_dynamodb_table.seen.arn]
  }
}

resource "aws_iam_policy" "writing" {
  name   = "writing"
  policy = data.aws_iam_policy_document.write.json
}

resource "aws_iam_role" "writer" {
  name = "writer"
}

resource "aws_iam_role_policy_attachment" "of_writer" {
  role       = aws_iam_role.writer.name
  policy_arn = aws_iam_policy.writing.arn
}

resource "aws_lambda_function" "keeper" {
  function_name = "keeper"
  role          = aws_iam_role.writer.arn
}

resource "aws_lambda_event_source_mapping" "events_to_keeper" {
  event_source_arn        = aws_sqs_queue.events.arn
  function_name           = aws_lambda_function.keeper.arn
  function_response_types = ["ReportBatchItemFailures"]
}
