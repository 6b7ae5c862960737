"""The two files that `mlserver start .` reads, as MLServer's scikit-learn example has them."""

import json
import os
from pathlib import Path

model = {
    "name": "model",
    "implementation": "mlserver_sklearn.SKLearnModel",
    "parameters": {"uri": os.environ["BENCH_MODEL"]},
}
Path("model-settings.json").write_text(json.dumps(model))
Path("settings.json").write_text(json.dumps({"debug": False}))
