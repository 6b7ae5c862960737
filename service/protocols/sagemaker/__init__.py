"""The container contract of Amazon SageMaker, and the API of its endpoints.

Read `route.py` (the routes, and the forms of a body by their types), `npy.py` (NumPy's file
format), `serve` (the command with which SageMaker starts a container).
"""
