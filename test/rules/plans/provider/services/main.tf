terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}
provider "aws" {
  region = "eu-west-1"
  access_key = "x"
  secret_key = "x"
  skip_credentials_validation = true
  skip_requesting_account_id = true
  skip_metadata_api_check = true
  skip_region_validation = true
}
resource "aws_db_parameter_group" "replica" {
  name   = "replica"
  family = "mysql8.0"
  parameter {
    name  = "read_only"
    value = "0"
  }
}
resource "aws_db_instance" "orders" {
  identifier = "orders"
  engine = "mysql"
  allocated_storage = 20
  username = "u"
  password = "not-a-secret"
  instance_class = "db.r6g.xlarge"
  skip_final_snapshot = true
}
resource "aws_db_instance" "replica" {
  identifier = "orders-replica"
  instance_class = "db.r6g.large"
  replicate_source_db = aws_db_instance.orders.identifier
  parameter_group_name = aws_db_parameter_group.replica.name
  skip_final_snapshot = true
}
resource "aws_lb_target_group" "api" {
  name = "api"
  port = 80
  protocol = "HTTP"
  vpc_id = "vpc-1"
  target_type = "ip"
  deregistration_delay = 10
}
resource "aws_ecs_task_definition" "api" {
  family = "api"
  container_definitions = jsonencode([{ name = "api", image = "shop/api:1", environment = [{ name = "SERVER_DEADLINE_SECONDS", value = "30" }], portMappings = [{ containerPort = 80 }] }])
}
resource "aws_ecs_service" "api" {
  name = "api"
  cluster = "shop"
  task_definition = aws_ecs_task_definition.api.arn
  load_balancer {
    target_group_arn = aws_lb_target_group.api.arn
    container_name = "api"
    container_port = 80
  }
}
