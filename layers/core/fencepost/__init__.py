"""Fencepost: geofences and the time clock.

`domain` decides, `services` are the use cases, `adapters` talk to AWS, `api` to HTTP, `wiring` puts them together.
"""
