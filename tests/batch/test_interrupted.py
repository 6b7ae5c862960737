"""An interrupted run resumes; no other run writes the same output meanwhile."""

import gzip
from pathlib import Path

import pytest

from service.__main__ import main
from service.batch import command, text_file
from service.batch.output import Result
from service.batch.partial_output import PartialOutput
from tests.batch.conftest import CLASSES, GOOD, HEADER, Run, classes, files, table


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a few rows, each made certain before the next."""
    monkeypatch.setattr(text_file, "BLOCK_CHARACTERS", 60)
    monkeypatch.setattr(command, "SAVE_SECONDS", -1.0)


def interrupt(monkeypatch: pytest.MonkeyPatch, at: int) -> list[int]:
    """End the run at its so manieth block; how many rows each block had that was written."""
    written: list[int] = []
    write = PartialOutput.write

    def until(self: PartialOutput, result: Result) -> None:
        if len(written) == at:
            raise KeyboardInterrupt
        written.append(result.rows)
        write(self, result)

    monkeypatch.setattr(PartialOutput, "write", until)
    return written


MANY = HEADER + "".join(f"{number / 7},{'x' if number % 10 == 4 else 1}\n" for number in range(40))


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("at", [1, 4, 8])
@pytest.mark.parametrize("processes", ["1", "3"])
def test_an_interrupted_run_resumes(
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
        code, printed = run(MANY, "--on-error", "skip", "--processes", processes)
    assert code == 0
    assert f"(resumed after {sum(before)})" in printed
    assert sum(before) + sum(after) == 40
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == whole


@pytest.mark.usefixtures("small_steps")
def test_another_job_starts_from_the_beginning(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        interrupt(patch, 5)
        assert run(MANY, "--on-error", "skip")[0] == 130
    code, printed = run(HEADER + GOOD, "--on-error", "skip")
    assert code == 0
    assert "went on" not in printed
    assert [row["class"] for row in table(tmp_path / "out.csv")] == CLASSES
    assert files(tmp_path) == {"out.csv"}


@pytest.mark.usefixtures("small_steps")
def test_two_runs_do_not_write_the_same_output(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, artifact: Path
) -> None:
    codes: list[int | None] = []
    write = PartialOutput.write

    def meanwhile(self: PartialOutput, result: Result) -> None:
        if not codes:
            codes.append(None)
            arguments = [str(artifact), str(tmp_path / "in.csv"), str(tmp_path / "out.csv")]
            codes.append(main(["predict", *arguments]))
        write(self, result)

    monkeypatch.setattr(PartialOutput, "write", meanwhile)
    main_run = ["predict", str(artifact), str(tmp_path / "in.csv"), str(tmp_path / "out.csv")]
    (tmp_path / "in.csv").write_text(HEADER + GOOD)
    assert main(main_run) == 0
    assert codes == [None, 73]
    assert [row["class"] for row in table(tmp_path / "out.csv")] == CLASSES


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("ending", [".csv.gz", ".csv.zst", ".jsonl.gz"])
@pytest.mark.parametrize("at", [1, 4])
def test_a_compressed_output_is_resumed_as_well(
    artifact: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ending: str,
    at: int,
) -> None:
    """It is compressed at the end, so the same rows give the same bytes."""
    source, output = tmp_path / "in.csv.gz", tmp_path / f"out{ending}"
    source.write_bytes(gzip.compress(MANY.encode()))
    arguments = ["predict", str(artifact), str(source), str(output), "--on-error", "skip"]
    assert main(arguments) == 0
    whole = output.read_bytes()
    output.unlink()
    with monkeypatch.context() as patch:
        before = interrupt(patch, at)
        assert main(arguments) == 130
    assert not output.exists()
    capsys.readouterr()
    assert main(arguments) == 0
    assert f"(resumed after {sum(before)})" in capsys.readouterr().out
    assert output.read_bytes() == whole
    bad = f"{output.name}.bad.csv"
    assert {path.name for path in tmp_path.iterdir()} == {source.name, output.name, bad}


@pytest.mark.usefixtures("small_steps")
def test_an_interruption_while_it_is_compressed_costs_no_row(
    artifact: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv.gz"
    source.write_text(HEADER + GOOD)
    arguments = ["predict", str(artifact), str(source), str(output)]

    def half(part: Path, whole: Path, compression: str) -> None:
        whole.write_bytes(gzip.compress(part.read_bytes())[:20])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("service.batch.output.compress", half)
        assert main(arguments) == 130
    assert not output.exists()
    capsys.readouterr()
    assert main(arguments) == 0
    assert "(resumed after 3)" in capsys.readouterr().out
    assert classes(gzip.decompress(output.read_bytes()).decode()) == CLASSES
    assert {path.name for path in tmp_path.iterdir()} == {source.name, output.name}
