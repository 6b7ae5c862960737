"""Other protocols than our own, each over the same schema, admission and model.

Read `enabled.py` first: it gives the app those that `SERVICE_DIALECTS` names. Then any of them:
`aws_lambda/`, `oip/`, `sagemaker/`, `mlflow.py`. None imports another. `invocations.py` has the
addresses that SageMaker and MLflow share.
"""
