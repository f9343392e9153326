"""The table: its keys, its transactions, its outbox."""
