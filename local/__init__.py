"""The service on one machine: builds the layers, starts the embedded engine, deploys the template to it.

Runs with the engine's own Python (`make run`), and from the end-to-end tests, which start engines of
their own.
"""
