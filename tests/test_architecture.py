"""The architecture: which modules may import which, which one reads the environment, file sizes."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.server.gunicorn.compat import FOR_DEFERRING, FOR_TIMEOUTS
from tests.support.serving import ROOT

LARGEST_FILE = 400
FOLDERS = ("slipway", "service", "training", "ecs", "tests", "benchmarks")
# `python -m service` and `python -m training` are spellings of `slipway`.
ENTRY_POINTS = {ROOT / "service/__main__.py", ROOT / "training/__main__.py"}
WEB = {"flask", "werkzeug", "marshmallow", "gunicorn", "jinja2", "http"}
LEARNING = {"sklearn", "joblib", "scipy", "pandas"}
WEB_FOLDERS = tuple(
    f"service/{folder}" for folder in ("api", "middleware", "observability", "scheduling", "server")
)
HEAVY = {"sklearn", "joblib", "scipy", "pandas", "onnxruntime", "boto3", "pyarrow"}


def files(*folders: str) -> list[Path]:
    """Python files, without those in hidden folders, where benchmarks install packages."""
    found = [
        path
        for folder in folders
        for pattern in ("*.py", "[!.]*/**/*.py")
        for path in (ROOT / folder).glob(pattern)
        if not path.is_symlink()
    ]
    return sorted(found)


def imports(path: Path, inside_functions: bool = True) -> Iterator[str]:
    """The modules that a file imports, dotted."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree) if inside_functions else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def packages(path: Path, inside_functions: bool = True) -> set[str]:
    return {name.split(".")[0] for name in imports(path, inside_functions)}


def names(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", files("service"), ids=names)
def test_service_never_imports_training(path: Path) -> None:
    assert not packages(path) & {"training", "tests", "benchmarks", "ecs"}
    assert path in ENTRY_POINTS or "slipway" not in packages(path)


@pytest.mark.parametrize("path", files("training"), ids=names)
def test_training_imports_of_the_service_only_the_model(path: Path) -> None:
    of_the_service = [name for name in imports(path) if name.split(".")[0] == "service"]
    assert all(name.startswith("service.model") for name in of_the_service)
    assert not packages(path) & (WEB - {"jinja2"} | {"tests", "benchmarks"})
    assert path in ENTRY_POINTS or "slipway" not in packages(path)


@pytest.mark.parametrize("path", files("service", "training"), ids=names)
def test_only_the_report_draws(path: Path) -> None:
    drawn = path.parent == ROOT / "training/report"
    assert drawn or not packages(path) & {"matplotlib", "PIL"}


@pytest.mark.parametrize("path", files("training"), ids=names)
def test_the_report_is_imported_only_where_it_is_made(path: Path) -> None:
    if path.parent != ROOT / "training/report":
        imported = imports(path, inside_functions=False)
        assert not [name for name in imported if name.startswith("training.report")]


@pytest.mark.parametrize("path", files("benchmarks"), ids=names)
def test_benchmarks_import_only_the_service(path: Path) -> None:
    assert not packages(path) & {"training", "tests"}


@pytest.mark.parametrize("path", files("ecs"), ids=names)
def test_deploying_imports_no_other_package_and_arguments_stay_in_the_commands(path: Path) -> None:
    assert not packages(path) & {"service", "training", "tests", "benchmarks"}
    others = [name for name in imports(path) if name.split(".")[0] == "slipway"]
    allowed = "slipway.options" if path.parent.name == "commands" else "none"
    assert all(name.startswith(allowed) for name in others)
    if path.parent.name != "commands" and names(path) != "ecs/render.py":
        assert not packages(path) & {"argparse", "click"}
        assert not [name for name in imports(path) if name.startswith("ecs.commands")]


@pytest.mark.parametrize("path", files("tests"), ids=names)
def test_only_its_own_tests_import_the_benchmarks(path: Path) -> None:
    own = ("test_benchmarks", "test_parity")
    assert path.stem in own or "benchmarks" not in packages(path)


@pytest.mark.parametrize("path", files("service/model"), ids=names)
def test_the_model_does_not_depend_on_http(path: Path) -> None:
    assert not packages(path) & WEB
    of_the_service = {name for name in imports(path) if name.startswith("service.")}
    assert all(name.startswith("service.model") for name in of_the_service)


@pytest.mark.parametrize("path", files(*WEB_FOLDERS), ids=names)
def test_the_web_folders_know_no_scikit_learn(path: Path) -> None:
    assert not packages(path) & LEARNING


# Each folder of the service, and what it may import of the others: the arrow has no circle.
MAY_IMPORT = {
    "model": set(),
    "scheduling": set(),
    "api": {"model", "settings"},
    "observability": {"model", "api", "settings"},
    "middleware": {"model", "api", "observability", "settings"},
    "server": {"model", "api", "observability", "middleware", "scheduling", "settings"},
}


@pytest.mark.parametrize("path", files(*(f"service/{folder}" for folder in MAY_IMPORT)), ids=names)
def test_each_folder_of_the_service_imports_only_those_below_it(path: Path) -> None:
    folder = path.relative_to(ROOT / "service").parts[0]
    imported = {name.split(".")[1] for name in imports(path) if name.startswith("service.")}
    assert imported <= MAY_IMPORT[folder] | {folder, "__version__"}


# Each package of training, and what it may import of the others: the arrow has no circle, either.
TRAINING_MAY_IMPORT: dict[str, set[str]] = {
    "samples": set(),
    "onnx": set(),
    "companions": {"onnx"},
    "estimators": {"companions"},
    "signature": {"samples", "estimators"},
    "conversion": {"onnx", "companions", "estimators", "signature"},
    "engine": {"samples", "companions", "estimators", "signature", "conversion"},
    "older": {"estimators", "engine"},
    "formats": {"estimators", "older"},
    "report": {"samples", "estimators", "signature"},
    "diff": {"samples", "estimators"},
}


def test_every_package_of_training_is_below_or_above_the_others() -> None:
    found = {path.parent.name for path in (ROOT / "training").glob("*/__init__.py")}
    assert found == {*TRAINING_MAY_IMPORT, "sensor_example"}
    for package, imported in TRAINING_MAY_IMPORT.items():
        assert imported <= set(
            list(TRAINING_MAY_IMPORT)[: list(TRAINING_MAY_IMPORT).index(package)]
        )


def test_the_architecture_page_lists_the_packages_in_this_order() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    training = re.findall(r"^\| \[(\w+)/\]\(\.\./training/", page, re.M)
    assert training == list(TRAINING_MAY_IMPORT)
    service = re.findall(r"^\| \[(\w+)/\]\(\.\./service/", page, re.M)
    assert service[: len(MAY_IMPORT)] == list(MAY_IMPORT)
    assert set(service) == {path.parent.name for path in (ROOT / "service").glob("*/__init__.py")}


@pytest.mark.parametrize(
    "path", files(*(f"training/{one}" for one in TRAINING_MAY_IMPORT)), ids=names
)
def test_each_package_of_training_imports_only_those_below_it(path: Path) -> None:
    package = path.relative_to(ROOT / "training").parts[0]
    imported = {name.split(".")[1] for name in imports(path) if name.startswith("training.")}
    assert imported <= TRAINING_MAY_IMPORT[package] | {package, "errors", "summary"}


@pytest.mark.parametrize("path", files("training"), ids=names)
def test_packing_does_not_need_the_example(path: Path) -> None:
    if names(path) not in ("training/commands.py", "training/__main__.py"):
        example = path.parent == ROOT / "training/sensor_example"
        imported = [name for name in imports(path) if name.startswith("training.sensor_example")]
        assert example or not imported


@pytest.mark.parametrize("path", files("service/scheduling"), ids=names)
def test_scheduling_depends_neither_on_http_nor_on_gunicorn(path: Path) -> None:
    of_the_service = {name for name in imports(path) if name.startswith("service.")}
    assert all(name.startswith("service.scheduling.") for name in of_the_service)
    assert not packages(path) & (WEB | {"wsgiref", "prometheus_client"})


@pytest.mark.parametrize("path", files("service"), ids=names)
def test_only_server_gunicorn_imports_gunicorn(path: Path) -> None:
    if path.parent != ROOT / "service/server/gunicorn":
        assert "gunicorn" not in packages(path)


@pytest.mark.parametrize("path", files("service/server/gunicorn"), ids=names)
def test_gunicorns_private_names_are_all_listed(path: Path) -> None:
    """The attributes of gunicorn's objects that begin with one underscore, and are not ours."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    defined = {node.name for node in nodes if isinstance(node, functions)}
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            defined |= {ast.unparse(target).removeprefix("self.") for target in targets}
    private = {name for name in used - defined if name.startswith("_") and name[1] != "_"}
    listed = {
        name
        for group in (FOR_TIMEOUTS, FOR_DEFERRING)
        for members in group.values()
        for name in members
    }
    assert private <= listed


@pytest.mark.parametrize("path", files("service"), ids=names)
def test_heavy_imports_happen_where_they_are_used(path: Path) -> None:
    assert not packages(path, inside_functions=False) & HEAVY


def uses(path: Path) -> set[str]:
    """Dotted names that the code reads or imports, like `os.environ`; plain names, too."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    read = {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute | ast.Name)}
    return read | set(imports(path))


@pytest.mark.parametrize("path", files("service", "training"), ids=names)
def test_only_settings_reads_the_environment(path: Path) -> None:
    # The second looks for the user's cache and for interpreters.
    if names(path) not in ("service/settings.py", "training/older/environment.py"):
        assert not uses(path) & {"os.environ", "os.environb", "os.getenv", "os.getenvb"}


# A program for the environment that saved a model, whose names were checked before.
UNPICKLER = "service/model/unpickler.py", "service/model/pickled_reading.py"
OLDER_ANSWERS = "training/older/answers.py"


@pytest.mark.parametrize("path", files("service", "training"), ids=names)
def test_only_the_unpickler_unpickles(path: Path) -> None:
    if names(path) in (*UNPICKLER, OLDER_ANSWERS):
        return
    reads = {"joblib.load", "np.load", "numpy.load", "eval", "exec"}
    if names(path) == "training/pickling.py":  # which writes pickles
        reads |= {f"pickle.{name}" for name in ("load", "loads", "Unpickler", "_Unpickler")}
    else:
        reads.add("pickle")
    assert not uses(path) & reads


@pytest.mark.parametrize("path", files(*FOLDERS), ids=names)
def test_no_file_is_too_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LARGEST_FILE


@pytest.mark.parametrize("path", files(*FOLDERS), ids=names)
def test_every_module_has_a_docstring(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))
    assert path.stem not in {"utils", "util", "helpers", "common", "base", "misc"}


@pytest.mark.parametrize(
    "path", files("slipway", "service", "training", "ecs", "benchmarks"), ids=names
)
def test_a_package_s_docstring_names_every_module_in_it(path: Path) -> None:
    if path.name != "__init__.py":
        return
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    for module in path.parent.glob("[a-z]*.py"):
        assert f"`{module.name}`" in docstring
    for folder in path.parent.glob("[a-z]*/"):
        assert f"`{folder.name}/`" in docstring
    if path.parent.name == "service":
        assert not list(imports(path))
