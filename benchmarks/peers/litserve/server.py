"""LitServe: `python server.py`."""

import os

import joblib
import litserve
import numpy as np
import pandas as pd


class Model(litserve.LitAPI):
    """One estimator."""

    def setup(self, device):
        """Load it, in each worker."""
        self.estimator = joblib.load(os.environ["BENCH_MODEL"])
        self.contained = pd.DataFrame if os.environ["BENCH_KIND"] == "mixed" else np.asarray

    def decode_request(self, request):
        """Rows, as the model was fitted on them."""
        return self.contained(request["input"])

    def predict(self, rows):
        """One value for each row."""
        return self.estimator.predict(rows)

    def encode_response(self, output):
        """Plain numbers."""
        return {"output": output.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(
        Model(), accelerator="cpu", workers_per_device=int(os.environ["BENCH_WORKERS"])
    )
    server.run(
        host="127.0.0.1",
        port=int(os.environ["BENCH_PORT"]),
        num_api_servers=1,
        generate_client_file=False,
    )
