resource "aws_sqs_queue" "jobs" {
  visibility_timeout_seconds = 3600
  message_retention_seconds  = 3600
}

data "aws_iam_policy_document" "read" {
  statement {
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage"]
    resources = [aws_sqs_queue.jobs.arn]
  }
}

resource "aws_iam_role" "task" {
  name = "task"
}

resource "aws_iam_role_policy" "of_task" {
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_ecs_task_definition" "definition" {
  family        = "worker"
  task_role_arn = aws_iam_role.task.arn
  container_definitions = jsonencode([
    { name = "main", image = "worker:1", stopTimeout = 60, entryPoint = ["node"], command = ["main.js"] }
  ])
}

resource "aws_ecs_service" "service" {
  name            = "worker"
  cluster         = "main"
  task_definition = aws_ecs_task_definition.definition.arn
}

resource "aws_appautoscaling_target" "tasks" {
  min_capacity       = 1
  max_capacity       = 100
  resource_id        = "service/main/${aws_ecs_service.service.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  service_namespace  = "ecs"
}

resource "aws_appautoscaling_policy" "by_cpu" {
  name               = "by-cpu"
  policy_type        = "TargetTrackingScaling"
  resource_id        = aws_appautoscaling_target.tasks.resource_id
  scalable_dimension = "ecs:service:DesiredCount"
  service_namespace  = "ecs"
  target_tracking_scaling_policy_configuration {
    target_value = 60
    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

resource "aws_appautoscaling_policy" "by_depth" {
  name               = "by-depth"
  policy_type        = "TargetTrackingScaling"
  resource_id        = aws_appautoscaling_target.tasks.resource_id
  scalable_dimension = "ecs:service:DesiredCount"
  service_namespace  = "ecs"
  target_tracking_scaling_policy_configuration {
    target_value = 500
    customized_metric_specification {
      namespace   = "AWS/SQS"
      metric_name = "ApproximateNumberOfMessagesVisible"
      statistic   = "Average"
      dimensions {
        name  = "QueueName"
        value = aws_sqs_queue.jobs.name
      }
    }
  }
}
