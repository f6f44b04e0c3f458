module "queue" {
  source = "./queue"
  name   = "orders"
}

module "worker" {
  source   = "./worker"
  for_each = toset(["one"])
  queue    = module.queue.arn
  timeout  = 120
}
