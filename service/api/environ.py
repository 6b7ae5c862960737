"""What is kept of one request, in its WSGI environ, where both the bridge and Flask reach it."""

ARRIVED = "slipway.arrived"  # when its head came, by perf_counter
WHOLE = "slipway.body"  # the bytes of its body, if the bridge has read it
ARRAYS = "slipway.arrays"  # what was read of it before its turn, if that could be done
REFUSED = "slipway.refused"  # or the Problem that it was refused for
ANSWER = "slipway.answer"  # or its answer, if others' predictions were made with it
KEY = "slipway.key"  # the name of the API key that it brings, None for one without a name
IS_FULL = "slipway.is_full"  # tells whether answers that clients do not read leave no memory
REQUEST_ID = "slipway.request_id"
WAITED = "slipway.waited"  # seconds that it waited for its turn
ROWS = "slipway.rows"  # how many it asks for
PREDICTED = "slipway.predicted"  # seconds that the model took, for all that shared the call
POLICY = "slipway.policy"  # the Content-Security-Policy of its answer, if not that of most
