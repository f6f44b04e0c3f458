resource "aws_sqs_queue" "orders" {
  visibility_timeout_seconds = 60
}

resource "aws_lambda_function" "worker" {
  function_name = "worker"
  role          = "arn:aws:iam::123456789012:role/worker"
  timeout       = 30
}

resource "aws_lambda_event_source_mapping" "orders_to_worker" {
  event_source_arn                   = aws_sqs_queue.orders.arn
  function_name                      = aws_lambda_function.worker.arn
  maximum_batching_window_in_seconds = 20
}
