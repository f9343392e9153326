"""Run the service on one machine: build the layers, start the embedded engine, deploy the template to it.

`make run` uses this package with the engine's Python. The end-to-end tests use it to start their own engine.
"""
