"""Tenants, their API keys and their users' ID tokens."""
