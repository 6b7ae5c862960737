"""The version of a packed model: a short digest of all that the service depends on.

The same model with the same signature has the same version, on every day and machine. A change that
would make the service answer, compute or check in another way gives another version.

The version covers:

- the model files by their SHA-256, and the engine that reads one of them;
- the signature, which checks requests and orders columns;
- the versions of the libraries that the engine uses, which are compared at the start;
- `rows_independent`, which allows one call for the rows of several requests;
- the inputs of the golden rows, which decide how much is proved at the start.

It does not cover:

- the outputs of the golden rows. The service computes them at its start and compares, so no others
  are served; their last digits depend on the processor.
- `seconds`, which differ between measurements. They only decide whether a prediction runs on the
  event loop or in the thread, and how many requests share a call, never the predictions.
- the report, the metrics, the example rows, the source of the data, the time and the Python of
  packing, and the name. They are shown and not used; protocols with a name in the path compare it.
- `known` and `profile`, by which values are counted that the model predicts for all the same.
"""

import hashlib
import json

from service.model.artifact import needed_versions
from service.model.manifest import REPORTS, Manifest


def content_version(manifest: Manifest) -> str:
    """The version that a manifest with this content must have: 12 hexadecimal digits."""
    described = {
        "engine": manifest.engine,
        "files": {
            name: entry.sha256
            for name, entry in manifest.files.items()
            if not name.startswith(REPORTS)
        },
        "golden": manifest.golden.inputs,
        "rows_independent": manifest.rows_independent,
        "signature": manifest.signature.to_dict(),
        "versions": needed_versions(manifest),
    }
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:12]
