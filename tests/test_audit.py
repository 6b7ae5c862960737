"""The audit hook: inside a block effects are refused, and what libraries do by themselves works."""

import ctypes
import importlib
import marshal
import os
import pickle
import py_compile
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest

from service.model import audit_imports
from service.model.audit import EffectError, no_effects
from tests.support.guarded import ESTIMATORS, tried

FLAG = "flag"
NUMBER = marshal.dumps(1)


def kept(path: Path) -> Path:
    path.write_text("kept")
    return path


Effect = Callable[[Path], object]
EFFECTS: dict[str, Effect] = {
    "a file is written": lambda folder: (folder / FLAG).write_text(""),
    "a file is opened to be changed": lambda folder: open(folder / "kept", "r+"),  # noqa: SIM115
    "a file is made by its descriptor": lambda folder: os.open(folder / FLAG, os.O_CREAT),
    "a file is read that is not installed": lambda folder: (folder / "kept").read_text(),
    "a folder is made": lambda folder: (folder / FLAG).mkdir(),
    "a folder is listed": lambda folder: os.listdir(str(folder)),
    "a file is deleted": lambda folder: (folder / "kept").unlink(),
    "a file is renamed": lambda folder: (folder / "kept").rename(folder / FLAG),
    "a file is linked": lambda folder: (folder / FLAG).symlink_to(folder / "kept"),
    "a mode is changed": lambda folder: (folder / "kept").chmod(0o600),
    "a process is started": lambda folder: subprocess.run(["touch", str(folder / FLAG)]),
    "a shell is started": lambda folder: os.system("true"),  # noqa: S605
    "a process is forked": lambda folder: os.fork(),
    "a process gets a signal": lambda folder: os.kill(os.getpid(), 0),
    "a socket is made": lambda folder: socket.socket(),
    "a name is resolved": lambda folder: socket.gethostbyname("localhost"),
    "the environment is changed": lambda folder: os.environ.update(SLIPWAY_FLAG="1"),
    "a text is evaluated": lambda folder: eval("1 + 1"),  # noqa: S307
    "a text is executed": lambda folder: exec("flag = 1"),  # noqa: S102
    "a text is compiled": lambda folder: compile("1", sysconfig.__file__, "eval"),
    "code is read": lambda folder: marshal.loads(NUMBER),  # noqa: S302
    "another pickle is read": lambda folder: pickle.loads(pickle.dumps(Path)),  # noqa: S301
    "a library is loaded": lambda folder: ctypes.CDLL(None),
    "a function is given other code": lambda folder: setattr(kept, "__code__", tried.__code__),
    "the process is traced": lambda folder: sys.settrace(None),
    "another hook is added": lambda folder: sys.addaudithook(print),
    "a module is imported that is not installed": lambda folder: importlib.import_module("stray"),
    "its bytecode is imported": lambda folder: importlib.import_module("strayed"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a file, and on the path of imports a module and one that is bytecode alone."""
    kept(tmp_path / "kept")
    (tmp_path / "stray.py").write_text("")
    (tmp_path / "strayed.py").write_text("")
    py_compile.compile(str(tmp_path / "strayed.py"), str(tmp_path / "strayed.pyc"), doraise=True)
    (tmp_path / "strayed.py").unlink()
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in ("stray", "strayed"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", EFFECTS)
def test_an_effect_is_refused_and_does_not_happen(folder: Path, name: str) -> None:
    before = sorted(folder.iterdir())
    with pytest.raises(EffectError, match="the model tried to") as refused, no_effects():
        EFFECTS[name](folder)
    assert "\n" not in str(refused.value)
    assert sorted(folder.iterdir()) == before
    assert (folder / "kept").read_text() == "kept"
    assert "SLIPWAY_FLAG" not in os.environ
    assert not {"stray", "strayed"} & sys.modules.keys()


def swallow(folder: Path, inner: bool) -> None:
    """Try two effects, and catch what is raised."""
    with suppress(EffectError), no_effects() if inner else nullcontext():
        with suppress(Exception):
            (folder / FLAG).write_text("")
        with suppress(Exception):
            os.listdir(str(folder))


@pytest.mark.parametrize("inner", [True, False])
def test_a_refusal_that_the_model_swallows_is_raised_at_the_end(folder: Path, inner: bool) -> None:
    """The first one, also where an inner block has raised it already."""
    with pytest.raises(EffectError, match="for writing"), no_effects():
        swallow(folder, inner)
    assert not (folder / FLAG).exists()


def test_before_and_after_everything_is_allowed(folder: Path) -> None:
    with no_effects():
        pass
    (folder / FLAG).write_text("")
    assert eval("1 + 1") == 2  # noqa: S307


def test_threads_that_were_there_are_not_guarded(folder: Path) -> None:
    begin, done = threading.Event(), threading.Event()

    def write() -> None:
        begin.wait(10)
        (folder / FLAG).write_text("")
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    with no_effects():
        begin.set()
        assert done.wait(10)
    thread.join()
    assert (folder / FLAG).exists()


def test_a_thread_that_the_model_starts_has_no_effects_either(folder: Path) -> None:
    end = threading.Event()

    def write() -> None:
        with suppress(EffectError):
            (folder / FLAG).write_text("")
        end.wait(10)

    thread = threading.Thread(target=write)
    with pytest.raises(EffectError), no_effects():
        thread.start()
    end.set()
    if thread.ident is not None:
        thread.join()
    assert not (folder / FLAG).exists()


def test_installed_modules_are_imported_and_their_files_read() -> None:
    sys.modules.pop("wave", None)
    sys.modules.pop("sched", None)  # its body makes a named tuple, which evaluates a text
    with no_effects():
        import sched
        import wave

        assert Path(wave.__file__).read_text().startswith('"""')
    assert sched.Event.__name__ == "Event"


def test_a_trusted_module_is_imported_from_wherever_it_is(folder: Path) -> None:
    with no_effects(["stray.Model"]):
        importlib.import_module("stray")
    assert "stray" in sys.modules


def installed_in(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Have this folder count as a part of the Python installation."""
    places = (*audit_imports._installed(), str(folder))
    patch.setattr(audit_imports, "_installed", lambda: places)


@pytest.mark.parametrize("flags", [os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC, os.O_APPEND])
def test_the_installation_is_only_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, flags: int
) -> None:
    installed_in(folder, monkeypatch)
    with no_effects():
        assert (folder / "kept").read_text() == "kept"
        os.close(os.open(folder / "kept", os.O_RDONLY))
    with pytest.raises(EffectError, match="for writing"), no_effects():
        os.open(folder / "kept", flags)
    assert (folder / "kept").read_text() == "kept"


def test_bytecode_of_a_file_elsewhere_is_not_executed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed_in(folder, monkeypatch)
    (folder / "moved.py").write_text(f"open({str(folder / FLAG)!r}, 'w').close()")
    elsewhere = "/nowhere/moved.py"
    py_compile.compile(str(folder / "moved.py"), str(folder / "moved.pyc"), dfile=elsewhere)
    (folder / "moved.py").unlink()
    with pytest.raises(EffectError, match=elsewhere), no_effects():
        importlib.import_module("moved")
    assert not (folder / FLAG).exists()


def test_a_link_out_of_the_installation_does_not_help(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "inside").mkdir()
    (folder / "inside/link").symlink_to(folder / "kept")
    monkeypatch.setattr("service.model.audit_imports._installed", lambda: (str(folder / "inside"),))
    with pytest.raises(EffectError, match="link"), no_effects():
        (folder / "inside/link").read_text()
    with pytest.raises(EffectError, match="kept"), no_effects():
        (folder / "inside/../kept").read_text()


def test_a_signal_meanwhile_is_no_event_of_the_model() -> None:
    previous = signal.signal(signal.SIGALRM, lambda *_: None)
    try:
        with no_effects():
            signal.raise_signal(signal.SIGALRM)
    finally:
        signal.signal(signal.SIGALRM, previous)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_every_estimator_loads_and_predicts_without_effects(kind: str, tmp_path: Path) -> None:
    """In a process that has imported no more than the start of the service has.

    tests/faults/test_guarded.py gives each of them such a process.
    """
    assert tried(kind, tmp_path) == []
