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

resource "kubernetes_stateful_set_v1" "store" {
  metadata {
    name      = "store"
    namespace = "shop"
  }
  spec {
    service_name = "store"
    replicas     = "3"
    selector {
      match_labels = { app = "store" }
    }
    template {
      metadata {
        labels = { app = "store" }
      }
      spec {
        init_container {
          name    = "rotate"
          image   = "rotate:1"
          command = ["sh", "-c", "rotate"]
        }
        container {
          name  = "store"
          image = "store:1"
          env {
            name  = "JAVA_TOOL_OPTIONS"
            value = "-Xmx8g"
          }
          port {
            container_port = 8080
          }
          readiness_probe {
            http_get {
              path = "/"
              port = "8080"
            }
          }
          resources {
            requests = { memory = "4Gi" }
            limits   = { memory = "4Gi" }
          }
          volume_mount {
            name       = "data"
            mount_path = "/data"
          }
        }
        volume {
          name = "data"
          empty_dir {
            size_limit = "1Gi"
          }
        }
      }
    }
  }
}

resource "kubernetes_resource_quota_v1" "all" {
  metadata {
    name      = "all"
    namespace = "shop"
  }
  spec {
    hard = { pods = "10", "requests.cpu" = "2" }
  }
}
