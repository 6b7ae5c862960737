"""Other protocols than our own, each over the same schema, admission and model.

Read `enabled.py` first: it gives the app those that `SERVICE_DIALECTS` names. Then any of them:
`aws_lambda/`, `oip/`, `sagemaker/`, `mlflow.py`. None imports another. `invocations.py` has the
addresses that SageMaker and MLflow share.

To add one, write a module with `init_app(app, settings, answers)` and `PREDICTIONS`, a regular
expression for the paths of its predictions. Register it in `enabled.py`, name it in
`service.settings.DIALECTS`, and add the paths of its health checks to `service.api.health.PATHS`.
"""
