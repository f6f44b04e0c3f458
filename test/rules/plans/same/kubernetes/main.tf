resource "kubernetes_deployment_v1" "worker" {
  metadata {
    name      = "worker"
    namespace = "shop"
    labels    = { app = "worker" }
  }
  spec {
    replicas = "2"
    selector {
      match_labels = { app = "worker" }
    }
    template {
      metadata {
        labels = { app = "worker" }
      }
      spec {
        termination_grace_period_seconds = 5
        container {
          name    = "java"
          image   = "java:21"
          command = ["java", "-Xmx4g", "-jar", "app.jar"]
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
    schedule = "*/5 * * * *"
    job_template {
      metadata {}
      spec {
        active_deadline_seconds = 3600
        template {
          metadata {}
          spec {
            restart_policy = "Never"
            container {
              name  = "main"
              image = "report:1"
            }
          }
        }
      }
    }
  }
}

resource "kubernetes_manifest" "scaled" {
  manifest = {
    apiVersion = "keda.sh/v1alpha1"
    kind       = "ScaledObject"
    metadata   = { name = "worker", namespace = "shop" }
    spec = {
      scaleTargetRef  = { name = "worker" }
      minReplicaCount = 0
      maxReplicaCount = 50
      triggers = [
        { type = "rabbitmq", metadata = { queueName = "jobs", mode = "QueueLength", value = "20" } }
      ]
    }
  }
}

resource "kubernetes_horizontal_pod_autoscaler_v2" "worker_too" {
  metadata {
    name      = "worker"
    namespace = "shop"
  }
  spec {
    min_replicas = 1
    max_replicas = 10
    scale_target_ref {
      api_version = "apps/v1"
      kind        = "Deployment"
      name        = "worker"
    }
    metric {
      type = "Resource"
      resource {
        name = "cpu"
        target {
          type                = "Utilization"
          average_utilization = 60
        }
      }
    }
  }
}
