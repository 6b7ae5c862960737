"""Loading and replaying: limits of time and memory, and a replay in a forked process first."""

import contextlib
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path

import pytest

from service.model import child, companions, trial
from service.model.artifact import GoldenError
from service.model.audit import EffectError, no_effects
from service.model.limits import LimitError, Limits, limited
from service.model.trial import TrialError
from service.model.trust import UntrustedError

SHORT = Limits(seconds=0.3)
SMALL = Limits(bytes=256 * 2**20)


def endless() -> None:
    """Python code that never ends, and handles every error."""
    while True:
        try:
            while True:
                pass
        except Exception:  # noqa: S110
            pass


def endless_in_c() -> int:
    """Code in C that never ends, nor looks for signals."""
    return sum(repeat(0))


def nothing(model: object) -> None:
    """A replay in which all is well."""


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """No process, no descriptor, no timer, no handler, no bound."""
    before = state()
    yield
    assert state() == before


def children() -> list[int]:
    """The processes whose parent is this one."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            parent = stat.read_text().rpartition(")")[2].split()[1]
            found += [int(stat.parent.name)] if int(parent) == os.getpid() else []
    return sorted(found)


def state() -> tuple[object, ...]:
    return (
        sorted(os.listdir("/proc/self/fd")),
        signal.getitimer(signal.ITIMER_REAL),
        signal.getsignal(signal.SIGALRM),
        resource.getrlimit(resource.RLIMIT_AS),
        # those of other tests' servers are there before; one that is dead but not reaped counts
        children(),
    )


def test_a_good_model_is_replayed_in_a_child_and_here(tmp_path: Path) -> None:
    processes = set()

    def replay(model: str) -> None:
        assert model == "the model"
        os.set_blocking(writer, False)
        os.write(writer, f"{os.getpid()} ".encode())

    reader, writer = os.pipe()
    assert trial.load(lambda: "the model", replay, limits=Limits()) == "the model"
    os.close(writer)
    processes = set(os.read(reader, 100).split())
    os.close(reader)
    assert len(processes) == 2
    assert str(os.getpid()).encode() in processes


@pytest.mark.parametrize("native", [False, True])
def test_a_load_that_never_ends_names_its_setting(native: bool) -> None:
    with pytest.raises(TrialError, match=r"longer than 0\.3 s .*SERVICE_LOAD_SECONDS"):
        trial.load(endless, nothing, limits=SHORT, native=native)
    with pytest.raises(TrialError, match="SERVICE_LOAD_SECONDS"):
        trial.read(endless, limits=SHORT)


def test_a_native_load_that_never_ends_names_its_setting() -> None:
    with pytest.raises(TrialError, match="SERVICE_LOAD_SECONDS"):
        trial.load(endless_in_c, nothing, limits=SHORT, native=True)


@pytest.mark.parametrize("loop", [endless, endless_in_c])
def test_a_replay_that_never_ends_names_its_setting(loop: Callable[[], object]) -> None:
    began = time.monotonic()
    with pytest.raises(TrialError, match="SERVICE_LOAD_SECONDS"):
        trial.load(lambda: None, lambda model: loop(), limits=SHORT)
    assert time.monotonic() - began < 10


def test_loading_and_replaying_have_one_deadline() -> None:
    def slow(*_: object) -> None:
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            pass

    with pytest.raises(TrialError, match="SERVICE_LOAD_SECONDS"):
        trial.load(slow, slow, limits=SHORT)


def test_a_load_that_takes_too_much_memory_names_its_setting() -> None:
    with pytest.raises(TrialError, match="268,435,456 bytes .*SERVICE_LOAD_BYTES"):
        trial.load(lambda: bytearray(2**29), nothing, limits=SMALL)


def test_a_replay_that_takes_too_much_memory_names_its_setting() -> None:
    with pytest.raises(TrialError, match="SERVICE_LOAD_BYTES"):
        trial.load(lambda: None, lambda model: bytearray(2**29), limits=SMALL)


def test_memory_counts_on_top_of_what_the_process_has() -> None:
    own = bytearray(2**29)
    with limited(SMALL):
        assert len(bytearray(2**27)) + len(own) > SMALL.bytes


def test_an_effect_of_the_replay_is_refused_in_the_child(tmp_path: Path) -> None:
    here = os.getpid()

    def replay(model: object) -> None:
        if os.getpid() != here:
            (tmp_path / "flag").write_text("")

    with pytest.raises(TrialError, match="flag for writing"):
        trial.load(lambda: None, replay, limits=Limits())
    assert not (tmp_path / "flag").exists()


def test_a_replay_that_ends_its_process_is_no_good_replay() -> None:
    here = os.getpid()
    with pytest.raises(GoldenError, match="ends the process"):
        trial.load(lambda: None, lambda model: os.getpid() == here or os._exit(0), limits=Limits())


def test_what_a_replay_raises_is_reported() -> None:
    def replay(model: object) -> None:
        raise GoldenError("golden row 3: class is 1, was 0")

    with pytest.raises(GoldenError, match="^golden row 3: class is 1, was 0$"):
        trial.load(lambda: None, replay, limits=Limits())


def test_modules_that_are_trusted_are_imported_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their code may do anything; the unpickler reports names that do not exist."""
    (tmp_path / "trusted_by_test.py").write_text(
        f"open({str(tmp_path / 'flag')!r}, 'w').close()\nclass Model: pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    names = ["trusted_by_test.Model", "not_installed.anywhere"]
    assert trial.read(lambda: "the model", trusted=names, limits=Limits()) == "the model"
    assert (tmp_path / "flag").exists()


def test_an_earlier_timer_continues() -> None:
    rung = []
    previous = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with limited(Limits()):
            pass
        deadline = time.monotonic() + 10
        while not rung and time.monotonic() < deadline:
            time.sleep(0.01)
        assert rung
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def test_limits_and_effects_have_different_errors() -> None:
    with pytest.raises(EffectError), limited(Limits()), no_effects():
        os.fork()
    with pytest.raises(LimitError), limited(SHORT), no_effects():
        endless()


def test_what_leaves_a_block_is_not_interrupted() -> None:
    """Or its timer and bound would stay: after long native code the signal comes just there."""
    rung: list[bool] = []

    @contextlib.contextmanager
    def inner() -> Iterator[None]:
        yield
        leaving = sys._getframe(1)  # of contextlib
        ring = signal.getsignal(signal.SIGALRM)
        assert callable(ring)
        ring(signal.SIGALRM, leaving)
        rung.append(True)
        ring(signal.SIGALRM, sys._getframe())

    with pytest.raises(LimitError, match="longer than 60 s"), limited(Limits()), inner():
        pass
    assert rung


def native(then: Callable[[], object]) -> Callable[[], int]:
    """Loading that has native code read bytes of the file."""

    def make() -> int:
        companions.before_native_code()
        then()
        return os.getpid()

    return make


def crash() -> None:
    os.write(2, b"terminate called\n")
    os._exit(3)  # as a signal would, but without a dump of the tests' stack


@pytest.mark.parametrize("way", ["load", "read"])
def test_native_code_that_ends_its_process_is_reported_in_one_line(
    way: str, capfd: pytest.CaptureFixture[str]
) -> None:
    ways: dict[str, Callable[[], object]] = {
        "load": lambda: trial.load(native(crash), nothing, limits=Limits()),
        "read": lambda: trial.read(native(crash), limits=Limits()),
    }
    with pytest.raises(TrialError, match=r"\Anative code .* ends its process\Z"):
        ways[way]()
    assert capfd.readouterr().err == ""


def test_native_code_that_never_ends_is_stopped() -> None:
    with pytest.raises(TrialError, match="longer than"):
        trial.read(native(endless_in_c), limits=SHORT)


def test_what_native_code_raises_is_raised_as_it_is() -> None:
    error = UntrustedError("a name", "mine.Name")

    def refuse() -> None:
        raise error

    with pytest.raises(UntrustedError) as caught:
        trial.read(native(refuse), limits=Limits())
    assert caught.value is error


def test_only_native_code_is_tried_in_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    run_forked = child.run_forked

    def counted(work: Callable[[], object], deadline: float) -> None:
        tried.append(work)
        run_forked(work, deadline)

    monkeypatch.setattr(trial, "run_forked", counted)
    assert trial.read(os.getpid, limits=Limits()) == os.getpid()
    assert not tried
    assert trial.read(native(list), limits=Limits()) == os.getpid()
    assert len(tried) == 1
