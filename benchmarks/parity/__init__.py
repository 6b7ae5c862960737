"""MLflow and MLServer beside this service: `make parity` sends the same requests to both.

Read in this order: `cases.py` (the model, and the requests), `compare.py` (same, compatible or
differs), `__main__.py` (starts the servers, prints the table). The servers run in the environments
of `make bench`.
"""
