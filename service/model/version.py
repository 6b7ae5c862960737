"""The version of a packed model: a short digest of all that decides what the service does with it.

The same model with the same contract has the same version, on whatever day and machine it is
packed; what would make the service answer, compute or check in another way gives another version.

Part of it are:

- the model files by their SHA-256, and the engine that reads one of them;
- the signature, from which requests are checked and columns are ordered;
- the versions of the libraries that the engine computes with, which the start compares;
- `rows_apart`, by which rows of several requests are predicted in one call;
- the inputs of the golden rows, which decide how much the start proves.

Not part of it are:

- the outputs of the golden rows. The start computes them from the model and compares, so no others
  are served; their last digits depend on the processor.
- `seconds`, which differ from one measurement to the next. They only choose whether a prediction
  runs on the event loop or in the thread, and how many requests share a call. Any values lead to
  the same answers, and a call is never larger than the largest request may be.
- the report, the metrics, where the data came from, when and by which Python it was packed, and the
  name. They are shown and not used; the protocols that have a name in the path compare it.
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
        "rows_apart": manifest.rows_apart,
        "signature": manifest.signature.to_dict(),
        "versions": needed_versions(manifest),
    }
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:12]
