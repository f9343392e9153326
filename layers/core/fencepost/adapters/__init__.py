"""DynamoDB, S3, SQS and EventBridge: the only place that knows boto3."""
