resource "aws_s3_bucket" "versions" {
  bucket = "versions"
}

resource "aws_s3_bucket_versioning" "on" {
  bucket = aws_s3_bucket.versions.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket" "uploads" {
  bucket = "uploads"
}

resource "aws_s3_bucket_lifecycle_configuration" "of_uploads" {
  bucket = aws_s3_bucket.uploads.id
  rule {
    id     = "cold"
    status = "Enabled"
    filter {
      object_size_greater_than = 1000
    }
    expiration {
      days = 100
    }
    transition {
      days          = 30
      storage_class = "GLACIER"
    }
  }
}

resource "aws_cloudwatch_log_group" "chatter" {
  name = "/app/chatter"
}
