"""Answers invocations of AWS Lambda, and runs the service as a function on AWS Lambda.

Read `route.py` (the address of Lambda's container), `events.py` (events of API Gateway and of
function URLs), `handler.py` (the service as a function).
"""
