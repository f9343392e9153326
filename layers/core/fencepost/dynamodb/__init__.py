"""The DynamoDB table: its keys, transactions and outbox."""
