variable "queue" {}
variable "timeout" {}

resource "aws_lambda_function" "worker" {
  count                          = 1
  function_name                  = "worker"
  role                           = "arn:aws:iam::123456789012:role/worker"
  timeout                        = var.timeout
  reserved_concurrent_executions = 5
}

resource "aws_lambda_event_source_mapping" "reader" {
  event_source_arn = var.queue
  function_name    = aws_lambda_function.worker[0].function_name
}
