resource "aws_db_parameter_group" "replica" {
  name   = "replica"
  family = "mysql8.0"
  parameter {
    name  = "slave_parallel_workers"
    value = "8"
  }
  parameter {
    name  = "replica_preserve_commit_order"
    value = "0"
  }
}

resource "aws_batch_scheduling_policy" "fair" {
  name = "fair"
  fair_share_policy {
    share_decay_seconds = 0
  }
}

resource "aws_ses_configuration_set" "mail" {
  name = "mail"
}

resource "aws_ses_event_destination" "bounces" {
  name                   = "bounces"
  configuration_set_name = aws_ses_configuration_set.mail.name
  enabled                = true
  matching_types         = ["bounce"]
}

resource "aws_lambda_function" "step" {
  function_name                  = "step"
  role                           = "arn:aws:iam::123456789012:role/step"
  reserved_concurrent_executions = 5
}

resource "aws_sfn_state_machine" "machine" {
  name     = "machine"
  role_arn = "arn:aws:iam::123456789012:role/machine"
  definition = jsonencode({
    StartAt = "Each"
    States = {
      Each = {
        Type = "Map"
        End  = true
        ItemProcessor = {
          StartAt = "One"
          States  = { One = { Type = "Task", Resource = "arn:aws:lambda:eu-west-1:123456789012:function:step", End = true } }
        }
      }
    }
  })
}
