resource "aws_sqs_queue" "jobs" {
  name = "jobs"
}

resource "aws_scheduler_schedule" "nightly" {
  count               = 1
  name                = "nightly"
  schedule_expression = "cron(0 3 * * ? *)"
  flexible_time_window {
    mode = "OFF"
  }
  target {
    arn      = aws_sqs_queue.jobs.arn
    role_arn = "arn:aws:iam::123456789012:role/scheduler"
  }
}

resource "aws_scheduler_schedule" "often" {
  name                = "often"
  schedule_expression = "rate(30 minutes)"
  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 45
  }
  target {
    arn      = aws_sqs_queue.jobs.arn
    role_arn = "arn:aws:iam::123456789012:role/scheduler"
    dead_letter_config {
      arn = "arn:aws:sqs:eu-west-1:123456789012:elsewhere"
    }
    retry_policy {
      maximum_event_age_in_seconds = 7200
      maximum_retry_attempts       = 20
    }
  }
}

resource "aws_lambda_function" "report" {
  function_name = "report"
  role          = "arn:aws:iam::123456789012:role/report"
  timeout       = 600
}

resource "aws_cloudwatch_event_rule" "minutely" {
  name                = "minutely"
  schedule_expression = "rate(1 minute)"
}

resource "aws_cloudwatch_event_target" "report_minutely" {
  rule = aws_cloudwatch_event_rule.minutely.name
  arn  = aws_lambda_function.report.arn
}
