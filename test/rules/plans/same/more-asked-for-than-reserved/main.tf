resource "aws_sqs_queue" "a" {
  for_each                  = { one = 4, two = 8 }
  name                      = each.key
  message_retention_seconds = 1209600
}

resource "aws_lambda_function" "worker" {
  function_name                  = "worker"
  role                           = "arn:aws:iam::123456789012:role/worker"
  reserved_concurrent_executions = 10
}

resource "aws_lambda_event_source_mapping" "readers" {
  for_each                = aws_sqs_queue.a
  event_source_arn        = each.value.arn
  function_name           = aws_lambda_function.worker.arn
  function_response_types = ["ReportBatchItemFailures"]
  scaling_config {
    maximum_concurrency = 8
  }
}
