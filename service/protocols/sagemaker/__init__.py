"""What Amazon SageMaker asks of a container, and its clients of an endpoint.

Read `route.py` (the addresses, and the forms of a body by their types), `npy.py` (NumPy's files),
`serve` (how SageMaker starts a container).
"""
