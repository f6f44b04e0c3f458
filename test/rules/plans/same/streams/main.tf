resource "aws_kinesis_stream" "clicks" {
  name        = "clicks"
  shard_count = 2
}

resource "aws_lambda_function" "reader" {
  function_name                  = "reader"
  role                           = "arn:aws:iam::123456789012:role/reader"
  reserved_concurrent_executions = 20
}

resource "aws_lambda_event_source_mapping" "unbounded" {
  event_source_arn  = aws_kinesis_stream.clicks.arn
  function_name     = aws_lambda_function.reader.arn
  starting_position = "LATEST"
}

resource "aws_lambda_function" "other" {
  function_name = "other"
  role          = "arn:aws:iam::123456789012:role/other"
}

resource "aws_lambda_event_source_mapping" "bounded" {
  event_source_arn       = aws_kinesis_stream.clicks.arn
  function_name          = aws_lambda_function.other.arn
  starting_position      = "LATEST"
  maximum_retry_attempts = 3
}

resource "aws_pipes_pipe" "onward" {
  name     = "onward"
  role_arn = "arn:aws:iam::123456789012:role/pipe"
  source   = aws_kinesis_stream.clicks.arn
  target   = "arn:aws:sqs:eu-west-1:123456789012:elsewhere"
  source_parameters {
    kinesis_stream_parameters {
      starting_position = "LATEST"
    }
  }
}
