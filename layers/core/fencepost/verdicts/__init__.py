"""Which geofences apply to a user, and whether they allow an action."""
