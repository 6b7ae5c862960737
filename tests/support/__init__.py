"""What tests share: estimators, servers, clients, requests. No module here has tests.

Estimators: `animals.py` and `zoo.py` (of every kind that people bring), `estimators.py` (every one
of scikit-learn), `packed.py`, `described.py` and `reported.py` (packed, their signatures, their
reports), `burning.py` and `hungry.py` (that take CPU and memory), `frame_steps.py` and
`any_frame.py` (random frames), `guarded.py` (in a process that has imported little), `by_hand.py`
(pickles), `other_files.py` (files that are no models), `keeping.py` (folders).

Servers: `serving.py` (the real gunicorn), `crowded.py` and `few_descriptors.py` (its
configuration), `asgi.py` and `sharing.py` (without a server), `compose.py` and `containers.py`,
`aws.py` and `buckets.py` (AWS), `runtime_api.py` and `lambda_events.py` (AWS Lambda),
`collector.py` (traces), `resolved.py` and `rights.py` (the templates), `stranger.py` (a fresh
checkout).

Clients and requests: `raw.py` (byte for byte), `load.py` and `flood.py` (many at once),
`long_answers.py` (clients that hardly read), `browsing.py` and `pictures.py` (Chromium), `oip.py`,
`texts.py`, `bad_bodies.py`, `bad_requests.py`, `bad_tables.py`, `dear_bodies.py` and `corpus.py`
(requests that must be refused), `problems.py`, `examples.py` and `openapi_rules.py` (answers and
their description). `running.py` says which worker of pytest runs what.
"""
