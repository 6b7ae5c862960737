"""The processor of this machine, and the kernels that NumPy and BLAS selected for it.

A kernel is code for one family of processors. Another kernel may round the last bits of a product
or a sum otherwise.
"""

import platform
from collections.abc import Mapping
from typing import Any

import numpy as np

NAMES = {"openblas": "OpenBLAS", "mkl": "MKL", "blis": "BLIS"}  # as their projects write them


def machine() -> str:
    """The processor's architecture, such as x86_64 or aarch64."""
    return platform.machine()


def kernels() -> dict[str, str]:
    """By library, the name of its kernels, such as SkylakeX for OpenBLAS.

    Only loaded libraries are listed. Without threadpoolctl, which comes with scikit-learn, only
    NumPy is.
    """
    own = _of_numpy()
    found = {} if own is None else {"NumPy": own}
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return found
    for one in threadpool_info():
        if "architecture" in one:
            library = one["internal_api"]
            found[NAMES.get(library, library)] = str(one["architecture"])
    return found


def _of_numpy() -> str | None:
    if np.lib.NumpyVersion(np.__version__) < "1.25.0":  # it only prints its features
        return None
    features = np.show_config(mode="dicts")["SIMD Extensions"].get("found", ())
    return features[-1] if features else "baseline"


def is_elsewhere(engines: Mapping[str, Any]) -> bool:
    """Whether another kind of processor packed the model than this one.

    `engines` is the part of the manifest. What it does not have counts as equal. NumPy's kernels
    stand for those of BLAS and ONNX Runtime, since all are selected by the processor's features.
    """
    packed = engines.get("kernels", {}).get("NumPy")
    return engines.get("machine", machine()) != machine() or packed not in (None, _of_numpy())


def described(machine: str, kernels: dict[str, str]) -> str:
    """Both in one line."""
    names = ", ".join(f"{library} {name}" for library, name in kernels.items())
    return f"{machine} ({names})" if names else machine
