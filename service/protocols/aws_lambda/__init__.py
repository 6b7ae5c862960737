"""What calls a function on AWS Lambda, and running as one.

Read `route.py` (the address at which Lambda's container answers), `events.py` (events of API
Gateway and of function URLs), `handler.py` (the other way round: this service as a function).
"""
