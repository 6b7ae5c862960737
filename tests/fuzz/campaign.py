"""A campaign: it starts workers one after the other and collects what they report."""

import contextlib
import gc
import os
import signal
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from typing import Any

from service.model.audit import no_effects
from tests.fuzz.counting import Lines, Shared
from tests.fuzz.effects import Effects
from tests.fuzz.inventory import OWN, Inventory, Name
from tests.fuzz.judge import Judge
from tests.fuzz.loader import Loader
from tests.fuzz.objects import Objects
from tests.fuzz.predicting import predict
from tests.fuzz.report import Report
from tests.fuzz.seeds import Seed, seeds
from tests.fuzz.watching import Watch
from tests.fuzz.worker import Source, Task, Worker

INTERRUPT = {signal.SIGINT}


@dataclass
class Campaign:
    """Everything that workers inherit, made once."""

    loader: Loader
    seed: int
    few: bool = False
    report: Report = field(default_factory=Report)
    shared: Shared = field(default_factory=Shared)

    def __post_init__(self) -> None:
        found: list[Seed] = seeds(self.few)
        for known in found:  # what the libraries import late, they import now
            self.loads(known)
        names = Inventory([known.used for known in found])
        names.accept(self.accepts)
        self.source = Source(self.seed, names, found)
        objects = Objects(names, self.loader.modules)
        for known in found:
            self.loads(known)
        objects.ignore_changes()
        with no_effects():
            pass  # its hook comes before the one that records
        lines = Lines(self.loader.modules)
        self.judge = Judge(self.loader, Effects(), objects, lines, self.shared)
        gc.collect()
        gc.freeze()

    def loads(self, known: Seed) -> None:
        """Load a file that was made here; a loader may refuse it."""
        with contextlib.suppress(Exception):
            predict(self.loader.load(known.content, (OWN,)), (OWN,))

    def accepts(self, name: Name) -> bool:
        """Whether the loader accepts a name."""
        if not (name.module.isascii() and name.attribute.isascii()):
            return False
        try:
            self.loader.load(b"\x80\x04c" + f"{name.module}\n{name.attribute}\n.".encode(), ())
        except self.loader.untrusted:
            return False
        except Exception:  # a name alone is no model
            return True
        return True

    def run(self, seconds: float, last: int) -> None:
        """Run programs until the time is over or the last one ran; KeyboardInterrupt ends it."""
        began = time.monotonic()
        place = 0
        try:
            while place < last and time.monotonic() < began + seconds:
                task = Task(place, last, began + seconds)
                place = self.work(task)
        finally:
            self.report.seconds = time.monotonic() - began

    def work(self, task: Task) -> int:
        """Let one worker run; return where the next one begins."""
        self.shared.place = task.first
        self.report.workers += 1
        with tempfile.TemporaryDirectory() as folder:
            messages, pipe = os.pipe()
            printed, errors = os.pipe()
            signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPT)  # the child keeps it blocked
            child = os.fork()
            if child == 0:
                os.close(messages)
                self.become_worker(pipe, errors, folder, task)
            try:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPT)
                os.close(pipe)
                os.close(errors)
                watch = Watch(self.heard, self.shared, child, messages, printed)
                watch.until_it_ends()
            except KeyboardInterrupt:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                self.report.executions += self.shared.place - task.first
                raise
            status = os.waitpid(child, 0)[1]
            left = sorted(os.listdir(folder))
        if left:
            self.found(f"files in the folder: {len(left)}", self.shared.place)
        following = self.ended(watch, status)
        self.report.executions += following - task.first
        return following

    def become_worker(self, pipe: int, errors: int, folder: str, task: Task) -> None:
        """Be the child: run, and leave without a trace of the parent's."""
        try:
            null = os.open(os.devnull, os.O_RDWR)
            for number, source in ((0, null), (1, errors), (2, errors)):
                os.dup2(source, number)
            worker = Worker(self.source, self.judge, self.shared, pipe)
            worker.prepare(folder)
            worker.run(task)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(70)  # the messages say whether it came to its end

    def ended(self, watch: Watch, status: int) -> int:
        """Judge how a worker ended."""
        if watch.again is not None:
            self.again(*watch.again)
        if watch.next is not None:
            return watch.next
        place = self.shared.place
        if watch.stopped:
            self.report.hangs.append(place)
        elif os.WIFSIGNALED(status):
            name = signal.Signals(os.WTERMSIG(status)).name
            where = watch.innermost()
            self.report.crashes.setdefault(f"{name} {where}", []).append(place)
        else:
            self.found(f"the process ended: {watch.last_line()}", place)
        return place + 1

    def again(self, first: int, last: int, changed: list[str]) -> None:
        """Run programs again, of which one changed an object, to see which."""
        before = len(self.report.findings)
        self.work(Task(first, last, time.monotonic() + 120, careful=True))
        if len(self.report.findings) == before:
            objects = ", ".join(changed)
            self.found(f"changed: {objects}, by programs together, or by itself", first)

    def found(self, what: str, place: int) -> None:
        """Keep a finding."""
        self.report.findings.setdefault(what, []).append(place)

    def heard(self, message: dict[str, Any]) -> None:
        """Add a worker's message to the report."""
        report = self.report
        if "finding" in message:
            self.found(message["finding"], message["place"])
        if "memory" in message:
            report.memory.append(message["memory"])
        if message.get("outcome") == "loaded":
            report.reached.append(message["reached"])
        report.predicted.update(message.get("predicted", {}))
        report.outcomes.update(message.get("outcomes", {}))
        report.lines.update((name, line) for name, line in message.get("lines", ()))
