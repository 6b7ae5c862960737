"""The fuzzer itself: its programs are valid, and it finds the faults of a loader without checks."""

import io
import pickle
import pickletools
import random
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import joblib
import numpy as np
import pytest

from service.model import unpickling
from tests.fuzz.inventory import Inventory
from tests.fuzz.machine import Part, assembled
from tests.fuzz.programs import Programs
from tests.fuzz.seeds import Seed, corpus, dumps, seed, values
from tests.fuzz.spelling import respelled
from tests.fuzz.worker import Source
from tests.support.serving import ROOT

pytestmark = pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
Unpickler: Any = vars(pickle)["_Unpickler"]


@pytest.fixture(scope="module")
def seeds() -> list[Seed]:
    return [seed(content) for value in values() for content in dumps(value)]


@pytest.fixture(scope="module")
def names(seeds: list[Seed]) -> Inventory:
    inventory = Inventory([known.used for known in seeds])
    inventory.accept(lambda name: name.module == "numpy" and name.kind in ("class", "function"))
    return inventory


class StandIn:
    """Takes whatever a program does to it."""

    def __new__(cls, *_: Any, **__: Any) -> "StandIn":
        return super().__new__(cls)

    def __call__(self, *_: Any, **__: Any) -> "StandIn":
        return StandIn()

    def __setstate__(self, state: Any) -> None:
        pass

    append = extend = add = __setstate__


class Machine(Unpickler):  # type: ignore[misc]
    """Python's unpickler: nothing is imported, and it counts the opcodes that it completes."""

    dispatch: dict[int, Any] = {}  # noqa: RUF012

    def __init__(self, content: bytes, completed: Counter[str]) -> None:
        super().__init__(io.BytesIO(content), buffers=repeat(bytearray(b"x")))
        self.completed = completed

    def find_class(self, module: str, name: str) -> Any:
        return StandIn

    def get_extension(self, code: int) -> None:
        self.append(StandIn())

    def persistent_load(self, pid: Any) -> Any:
        return StandIn()


def counted(opcode: pickletools.OpcodeInfo) -> Any:
    handler = Unpickler.dispatch[ord(opcode.code)]

    def run(machine: Machine) -> None:
        handler(machine)
        machine.completed[opcode.name] += 1

    return run


Machine.dispatch.update({ord(opcode.code): counted(opcode) for opcode in pickletools.opcodes})


class WithoutArrays(Programs):
    """Writes no raw bytes, which only joblib can read."""

    def wrapped(self, depth: int) -> None:
        self.rebuilt(depth)


def test_programs_are_well_formed_and_have_every_opcode(names: Inventory) -> None:
    completed: Counter[str] = Counter()
    ended = 0
    for place in range(4000):
        content = WithoutArrays(names, random.Random(place)).program()  # noqa: S311
        try:
            Machine(content, completed).load()
            ended += 1
        except (TypeError, AttributeError, ValueError, UnicodeDecodeError):
            pass  # it does something to an object of another kind, as it may
        except IndexError as error:  # of a list, not of the stack
            if "assignment" not in str(error):
                raise
    assert ended > 1000
    every = {opcode.name for opcode in pickletools.opcodes} - {"STOP"}
    assert {name for name in every if not completed[name]} == set()


def test_a_seed_makes_the_same_programs_again(seeds: list[Seed], names: Inventory) -> None:
    made = [[Source(7, names, seeds).program(place) for place in range(300)] for _ in range(2)]
    other = [Source(8, names, seeds).program(place) for place in range(300)]
    assert made[0] == made[1] != other


def test_the_opcodes_of_a_file_are_the_file() -> None:
    value = {"numbers": np.arange(3.0), "objects": np.array(["a", None], dtype=object)}
    for content in dumps(value):
        known = seed(content)
        parts = [Part(token.code, token.name == "raw") for token in known.tokens]
        again = joblib.load(io.BytesIO(assembled(parts, known.used.protocol, random.Random(0))))  # noqa: S311
        assert again["numbers"].tolist() == [0.0, 1.0, 2.0]
        assert again["objects"].tolist() == ["a", None]


@dataclass
class Point:
    """An object that pickle dumps by NEWOBJ."""

    x: int


def test_another_spelling_of_a_file_is_the_same_file() -> None:
    value = [[], {}, (), 1.5, "text", b"bytes", Point(1), *[{"same": 1}] * 2]
    written: set[str] = set()
    for protocol in range(2, 6):  # the earlier ones write no bytes
        known = seed(pickle.dumps(value, protocol))
        chance = random.Random(protocol)  # noqa: S311
        for _ in range(20):
            changed = [respelled(token, chance) for token in known.tokens]
            content = assembled([Part(token.code) for token in changed], 5, chance)
            assert pickle.loads(content) == value  # noqa: S301
            written |= {opcode.name for opcode, _, _ in pickletools.genops(content)}
    assert written >= {"LONG_BINGET", "LONG_BINPUT", "BINBYTES", "BINBYTES8", "BINUNICODE8"}
    assert written >= {"LIST", "DICT", "TUPLE", "NEWOBJ_EX"}


def fuzz(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.fuzz", "--few", "--seed", "1", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_corpus_is_small_and_the_service_would_load_it() -> None:
    kept = corpus()
    assert kept
    assert sum(map(len, kept)) < 50_000
    for content in kept:
        unpickling.load(content)


@pytest.mark.slow
def test_the_faults_of_a_loader_without_checks_are_found() -> None:
    ran = fuzz("--loader", "tests.fuzz.weak", "--executions", "1200")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    for kind in ("import of", "changed:"):
        assert f"FINDING: {kind}" in ran.stdout


@pytest.mark.slow
def test_no_effect_is_found_in_the_loader_of_the_service() -> None:
    ran = fuzz("--executions", "2000")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "\n0 kinds of findings" in ran.stdout


@pytest.mark.slow
def test_an_interrupted_campaign_prints_its_report() -> None:
    command = [sys.executable, "-u", "-m", "tests.fuzz", "--few", "--seed", "1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as ran:
        assert ran.stdout is not None
        assert ran.stdout.readline().startswith("seed 1")
        assert ran.stdout.readline() == "running\n"
        ran.send_signal(signal.SIGINT)
        report = ran.stdout.read()
    assert ran.returncode == 0
    assert " executions in " in report
