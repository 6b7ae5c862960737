"""Names that the operator trusts besides the allow-list: `--trust`, `SERVICE_TRUSTED_MODULES`.

Each is the full name of one class or function, or that of a module or package, with all that it
defines; the allow-list must have no name of that package. An artifact cannot add trusted names.
"""

import sys
from collections.abc import Collection
from types import BuiltinFunctionType, FunctionType
from typing import Any

# Packages whose names `allowlist.py` has: trusting one of them whole would undo the list.
LISTED_PACKAGES = frozenset({"joblib", "numpy", "pandas", "scipy", "sklearn"})
# They execute whatever a file contains, so trusting one of them means trusting every file.
PICKLERS = frozenset({"cloudpickle", "dill", "joblib", "pickle", "skops"})
INTERPRETER = frozenset({"__main__", *sys.stdlib_module_names})


class UntrustedError(Exception):
    """A model file contains something that is neither listed nor trusted.

    The text names it. `name` is the full name that the operator could trust, or empty if trusting
    a name would not help.
    """

    def __init__(self, wanted: str, name: str = "") -> None:
        super().__init__(wanted)
        self.name = name


def _is_dunder(name: str) -> bool:
    """Whether a part of a name begins with two underscores; Cython's unpickling functions may."""
    return any(
        part.startswith("__") and not part.startswith("__pyx_unpickle_") for part in name.split(".")
    )


def problem(name: str) -> str | None:
    """Why a name cannot be trusted, and what to do instead, in one sentence; None if it can."""
    package, own = name.split(".")[0], name.split(".")[-1]
    if package == "__main__":
        own = "Class" if own == package else own
        return (
            f"{name} cannot be trusted: __main__ is another program in the service; give pack the "
            f"script or notebook that defines it, --code SCRIPT.py:{own}, or move it to a module, "
            f"such as {own.lower()}.py, import it from there, and save the model again"
        )
    if package in INTERPRETER:
        return (
            f"{name} cannot be trusted: it is part of Python, and could run any program; put what "
            "the model needs into a module of your own, and trust that"
        )
    if package in PICKLERS and package not in LISTED_PACKAGES:
        return (
            f"{name} cannot be trusted: it runs code that the file brings, as of a lambda; put the "
            "code into a function of a module, save the model with joblib.dump, and pack it with "
            "--code MODULE.py"
        )
    if _is_dunder(name):
        return f"{name} cannot be trusted: it is part of how Python works, and no model keeps it"
    if name in LISTED_PACKAGES:
        return (
            f"{name} cannot be trusted as a whole: Slipway lists its names; "
            f"name the class or function: {name}.module.Class"
        )
    return None


def refusal(error: UntrustedError, option: str) -> str:
    """The error in one line, with what to do; `option` is the option or setting to trust a name."""
    if not error.name:
        return f"contains {error}, which is not allowed: its library would not have saved it"
    why = problem(error.name)
    return f"needs {error.name}, which is not trusted; " + (
        why if why is not None else f"if you do trust it: {option}{error.name}"
    )


def covers(trusted: Collection[str], module: str, name: str) -> bool:
    """Whether a name is trusted: by its full name, or by its module if that is not listed."""
    package = module.split(".")[0]
    if package in INTERPRETER or (package in PICKLERS and package not in LISTED_PACKAGES):
        return False
    if _is_dunder(name):
        return False
    if f"{module}.{name}" in trusted:
        return True
    if package in LISTED_PACKAGES:
        return False
    return any(module == one or module.startswith(f"{one}.") for one in trusted)


def find(module: str, name: str) -> Any:
    """The class or function of that name, defined in that module; a nested class has dots.

    UntrustedError for anything that the module only imports: pickle would name the module that
    defines it. `inspect` cannot check this, because it does not import the module.
    """
    __import__(module)
    found: Any = sys.modules[module]
    for part in name.split("."):
        found = vars(found).get(part)
        if found is None:
            raise AttributeError(f"{module} has no {name}")
    is_code = isinstance(found, type | FunctionType | BuiltinFunctionType)
    if not is_code or getattr(found, "__module__", None) != module:
        raise UntrustedError(f"{module}.{name}, which is no class or function of {module}")
    return found
