"""The verdict on an entry: the geofences that apply to a user, and whether they allow it."""
