resource "aws_s3_bucket" "versions" {
  bucket = "versions"
}

resource "aws_s3_bucket_versioning" "on" {
  bucket = aws_s3_bucket.versions.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "of_versions" {
  bucket = aws_s3_bucket.versions.bucket
  rule {
    id     = "old"
    status = "Enabled"
    noncurrent_version_expiration {
      noncurrent_days = 30
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
    expiration {
      days = 365
    }
  }
}

resource "aws_s3_bucket" "locked" {
  bucket              = "locked"
  object_lock_enabled = true
}

resource "aws_s3_bucket_versioning" "of_locked" {
  bucket = aws_s3_bucket.locked.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_cloudwatch_log_group" "chatter" {
  name              = "/app/chatter"
  retention_in_days = 30
}

resource "aws_db_parameter_group" "replica" {
  name   = "replica"
  family = "mysql8.0"
  parameter {
    name  = "replica_parallel_workers"
    value = "8"
  }
  parameter {
    name  = "replica_preserve_commit_order"
    value = "1"
  }
}

resource "aws_ses_configuration_set" "mail" {
  name = "mail"
}

resource "aws_ses_event_destination" "bounces" {
  name                   = "bounces"
  configuration_set_name = aws_ses_configuration_set.mail.name
  enabled                = true
  matching_types         = ["bounce", "complaint", "reject", "delivery"]
}
