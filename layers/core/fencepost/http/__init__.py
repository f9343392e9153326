"""From an API Gateway event to a handler and back."""
