"""Code that tests share: estimators, servers, clients, requests. No module here has tests.

Estimators: `model_cases.py` and `models.py` (of the kinds that users have), `estimators.py` (all of
scikit-learn), `packed.py`, `described.py` and `reported.py` (artifacts, signatures and reports of
these), `slow_estimator.py` and `memory_estimator.py` (use CPU and memory), `frame_steps.py` and
`any_frame.py` (random DataFrames), `sample_files.py` (frames as samples), `guarded.py` (in a
process with few imports), `by_hand.py` (pickles), `own_code.py` (a script and the model that it
saves), `other_files.py` (files that are not models), `temporary_folders.py`, `converted.py`
(compares ONNX Runtime with an estimator), `served_by_onnx.py` (lists what it serves).

Servers: `serving.py` (the real gunicorn), `few_descriptors.py` (its configuration), `asgi.py` and
`sharing.py` (without a server), `compose.py` and `containers.py`, `aws.py`, `aws_models.py` and
`buckets.py` (AWS), `runtime_api.py` and `lambda_events.py` (AWS Lambda),
`collector.py` (traces), `resolved.py` and `permissions.py` (the templates), `stranger.py` (a fresh
checkout), `pythons.py` (environments with other libraries).

Clients and requests: `raw.py` (byte for byte), `two_parsers.py` (generated, for both parsers),
`load.py` and `flood.py` (many at once), `long_answers.py` (clients that read slowly),
`browsing.py` and `pictures.py` (Chromium), `oip.py`, `texts.py`, `bad_bodies.py`,
`bad_requests.py`, `bad_tables.py`, `expensive_bodies.py` and `corpus.py` (requests that must be
refused), `problems.py`, `examples.py` and `openapi_rules.py` (responses and their description).
`running.py` distributes the tests over pytest's workers."""
