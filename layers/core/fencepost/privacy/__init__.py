"""The retention of positions, and the erasure of users."""
