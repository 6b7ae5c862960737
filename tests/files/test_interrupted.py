"""A run that was ended goes on; nobody else writes the same output meanwhile."""

from pathlib import Path

import pytest

from service.__main__ import main
from service.files import command, lines
from service.files.parts import Parts
from service.files.results import Result
from tests.files.conftest import CLASSES, GOOD, HEADER, Run, files, table


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few rows, each made certain before the next."""
    monkeypatch.setattr(lines, "BLOCK", 60)
    monkeypatch.setattr(command, "SAVE_SECONDS", -1.0)


def interrupt(monkeypatch: pytest.MonkeyPatch, at: int) -> list[int]:
    """End the run at its so manieth block; how many rows each block had that was written."""
    written: list[int] = []
    write = Parts.write

    def until(self: Parts, result: Result) -> None:
        if len(written) == at:
            raise KeyboardInterrupt
        written.append(result.rows)
        write(self, result)

    monkeypatch.setattr(Parts, "write", until)
    return written


MANY = HEADER + "".join(f"{number / 7},{'x' if number % 10 == 4 else 1}\n" for number in range(40))


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("at", [1, 4, 8])
@pytest.mark.parametrize("processes", ["1", "3"])
def test_an_interrupted_run_goes_on_where_it_was(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, processes: str
) -> None:
    assert run(MANY, "--on-error", "skip", "--processes", "1")[0] == 0
    whole = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    for name in whole:
        (tmp_path / name).unlink()
    with monkeypatch.context() as patch:
        before = interrupt(patch, at)
        assert run(MANY, "--on-error", "skip", "--processes", processes)[0] == 130
    assert "out.csv" not in files(tmp_path)
    with (tmp_path / "out.csv.part").open("ab") as part:
        part.write(b"what was not certain" * 1000)
    with monkeypatch.context() as patch:
        after = interrupt(patch, 100)
        code, told = run(MANY, "--on-error", "skip", "--processes", processes)
    assert code == 0
    assert f"(went on after {sum(before)})" in told
    assert sum(before) + sum(after) == 40
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == whole


@pytest.mark.usefixtures("small_steps")
def test_another_job_starts_from_the_beginning(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        interrupt(patch, 5)
        assert run(MANY, "--on-error", "skip")[0] == 130
    code, told = run(HEADER + GOOD, "--on-error", "skip")
    assert code == 0
    assert "went on" not in told
    assert [row["class"] for row in table(tmp_path / "out.csv")] == CLASSES
    assert files(tmp_path) == {"out.csv"}


@pytest.mark.usefixtures("small_steps")
def test_two_runs_do_not_write_the_same_output(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, artifact: Path
) -> None:
    codes: list[int | None] = []
    write = Parts.write

    def meanwhile(self: Parts, result: Result) -> None:
        if not codes:
            codes.append(None)
            arguments = [str(artifact), str(tmp_path / "in.csv"), str(tmp_path / "out.csv")]
            codes.append(main(["predict", *arguments]))
        write(self, result)

    monkeypatch.setattr(Parts, "write", meanwhile)
    main_run = ["predict", str(artifact), str(tmp_path / "in.csv"), str(tmp_path / "out.csv")]
    (tmp_path / "in.csv").write_text(HEADER + GOOD)
    assert main(main_run) == 0
    assert codes == [None, 73]
    assert [row["class"] for row in table(tmp_path / "out.csv")] == CLASSES
