"""Protocols besides Slipway's own, each over the same schema, admission and model.

Read `protocol.py` first (what a protocol declares), then `registry.py` (where each is declared) and
`enabled.py` (adds those that `SERVICE_PROTOCOLS` names to the app). The protocols are
`aws_lambda/`, `oip/`, `sagemaker/` and `mlflow.py`; none imports another. `invocations.py` answers
`POST /invocations` and `GET /ping`, which SageMaker and MLflow share. `lossless.py` has values that
mean the same here although other servers' clients write them otherwise.

To add a protocol, write a module with a value `PROTOCOL`, enter the module in `registry.py`, and
list its addresses in docs/clients.md. Tests compare the three.
"""
