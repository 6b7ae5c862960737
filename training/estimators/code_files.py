"""The files of a model's own code, which `pack --code` puts into the artifact.

A folder or a module is copied. A script or a notebook would run when it is imported, so only the
named classes and functions are extracted from it, with the definitions and imports that they use.
"""

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from service.model import own_code, trust
from service.model.manifest import Manifest
from service.model.own_code import FOLDER, NONE, CodeError, OwnCode, is_code
from service.model.trust import UntrustedError
from training.errors import MissingFileError, PackError

MAIN = "__main__"
FORM = "name a folder, a module, or SCRIPT.py:NAME"


@dataclass(frozen=True, slots=True)
class Code:
    """The content of each file by its name in the artifact, and the names that a pickle may use."""

    sources: Mapping[str, bytes] = field(default_factory=dict)
    names: OwnCode = NONE


def installed(specifications: Sequence[str]) -> Code:
    """Import the code that the user names; PackError if it cannot be used."""
    sources: dict[str, bytes] = {}
    renamed: dict[tuple[str, str], tuple[str, str]] = {}
    for one in specifications:
        place, _, names = one.partition(":")
        path = Path(place)
        if names:
            wanted = [name.strip() for name in names.split(",")]
            found = {f"{FOLDER}{path.stem}.py": _extracted(path, wanted)}
            renamed |= {(MAIN, name): (path.stem, name) for name in wanted}
        else:
            found = dict(_files(path))
        for name, content in found.items():
            if not is_code(name):
                raise PackError(f"--code {one}: {name} is no name of a Python module; rename it")
            if sources.setdefault(name, content) != content:
                raise PackError(
                    f"--code {one}: there is another {name}; name both at once, by commas"
                )
    if not sources:
        return Code()
    try:
        known = own_code.install(sources)
    except CodeError as error:
        raise PackError(f"--code: {error}") from error
    return Code(sources, replace(known, renamed=renamed))


def of_artifact(folder: Path, manifest: Manifest) -> OwnCode:
    """The names of an artifact's own code that its pickle may use. It imports nothing."""
    files = filter(is_code, manifest.files)
    try:
        return own_code.defined({name: _content(folder / name) for name in files})
    except CodeError as error:
        raise PackError(f"{folder}: {error}") from error


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    """The Python files of a folder, or the one file."""
    path = path.resolve()
    if path.is_file():
        if path.suffix != ".py":
            raise PackError(f"--code {path}: is no Python file; {FORM}")
        yield f"{FOLDER}{path.name}", _content(path)
        return
    files = sorted(path.rglob("*.py"))
    if not files:
        raise PackError(f"--code {path}: there is no Python file; {FORM}")
    for file in files:
        inside = file.relative_to(path.parent)
        if not any(part.startswith(".") for part in inside.parts):
            yield f"{FOLDER}{inside.as_posix()}", _content(file)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MissingFileError.of(path, error) from error


def _extracted(path: Path, wanted: Sequence[str]) -> bytes:
    """The source of these classes and functions of a script or notebook, and of what they use."""
    text = _script(path)
    try:
        body = ast.parse(text, str(path)).body
    except (SyntaxError, ValueError) as error:
        raise PackError(f"--code {path}: is no Python that this version reads ({error})") from error
    bound = [(node, set(_bound(node))) for node in body]
    known = {name for _, names in bound for name in names}
    for name in wanted:
        if name not in known:
            defined_here = ", ".join(sorted(known)[:8]) or "nothing"
            raise PackError(f"--code {path}: defines no {name}; it defines {defined_here}")
    needed, todo = set(), list(wanted)
    while todo:
        name = todo.pop()
        for node, names in bound:
            if name in names and node not in needed:
                needed.add(node)
                todo += [one.id for one in ast.walk(node) if isinstance(one, ast.Name)]
    lines = text.splitlines()
    parts = [f"# What {', '.join(wanted)} needs of {path.name}."]
    for node, _ in bound:
        if node in needed or _is_future(node):
            decorated = [one.lineno for one in getattr(node, "decorator_list", ())]
            parts.append("\n".join(lines[min([node.lineno, *decorated]) - 1 : node.end_lineno]))
    return ("\n\n".join(parts) + "\n").encode()


def _script(path: Path) -> str:
    """The text of a script, or of a notebook's code cells without magic and shell commands."""
    try:
        text = _content(path).decode()
        if path.suffix != ".ipynb":
            return text
        cells = [one for one in json.loads(text)["cells"] if one["cell_type"] == "code"]
        joined = "\n".join("".join(one["source"]) for one in cells)
    except (KeyError, TypeError, ValueError) as error:
        raise PackError(f"--code {path}: is no script and no notebook; {FORM}") from error
    return "\n".join(
        "" if line.lstrip().startswith(("%", "!")) else line for line in joined.splitlines()
    )


def _bound(node: ast.stmt) -> Iterator[str]:
    """The names that a statement of a module binds."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            yield (alias.asname or alias.name).split(".")[0]
    elif isinstance(node, ast.If) and MAIN in ast.unparse(node.test):
        return
    else:
        for one in ast.walk(node):
            if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
                yield one.id
            elif isinstance(one, ast.Import | ast.ImportFrom | ast.ClassDef | ast.FunctionDef):
                yield from _bound(one)


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def refusal(error: UntrustedError) -> str:
    """Why a model with an untrusted name is not packed, and what to do, in one line."""
    reason = trust.refusal(error, "--trust ")
    package = error.name.split(".")[0]
    if not error.name or trust.problem(error.name) or own_code.is_library(package):
        return reason
    return f"{reason}, or put its code into the artifact: --code PATH/{package}"
