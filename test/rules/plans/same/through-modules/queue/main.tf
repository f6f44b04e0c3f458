variable "name" {}

resource "aws_sqs_queue" "orders" {
  name = var.name
}

output "arn" {
  value = try(aws_sqs_queue.orders.arn, null)
}
