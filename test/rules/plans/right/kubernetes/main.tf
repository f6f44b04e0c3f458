resource "kubernetes_deployment_v1" "worker" {
  metadata {
    name      = "worker"
    namespace = "shop"
  }
  spec {
    selector {
      match_labels = { app = "worker" }
    }
    template {
      metadata {
        labels = { app = "worker" }
      }
      spec {
        container {
          name  = "main"
          image = "worker:1"
          resources {
            requests = { cpu = "500m", memory = "2Gi" }
            limits   = { memory = "2Gi" }
          }
        }
      }
    }
  }
}

resource "kubernetes_cron_job_v1" "nightly" {
  metadata {
    name      = "nightly"
    namespace = "shop"
  }
  spec {
    schedule                  = "30 3 * * *"
    concurrency_policy        = "Forbid"
    starting_deadline_seconds = 600
    job_template {
      metadata {}
      spec {
        active_deadline_seconds    = 3600
        ttl_seconds_after_finished = "3600"
        template {
          metadata {}
          spec {
            restart_policy = "Never"
            container {
              name  = "main"
              image = "report:1"
              resources {
                requests = { cpu = "500m", memory = "2Gi" }
                limits   = { memory = "2Gi" }
              }
            }
          }
        }
      }
    }
  }
}
