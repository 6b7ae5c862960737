"""The prototype notebook runs from top to bottom, and its text has the computed numbers."""

import asyncio
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from nbclient import NotebookClient
from nbformat import NotebookNode

TRAINING = Path(__file__).resolve().parents[1] / "training" / "sensor_example"
NOTEBOOK = TRAINING / "prototype.ipynb"

# The places in the text of the cell "found" that have a number which the cell "results" prints.
SENTENCES = {
    "boundary_slope": r"`sensor_1 - ([\d.]+) \* sensor_2 = [\d.]+`",
    "boundary_threshold": r"`sensor_1 - [\d.]+ \* sensor_2 = ([\d.]+)`",
    "cross_validated_balanced_accuracy": r"([\d.]+) in cross-validation",
    "held_out_balanced_accuracy": r"([\d.]+) on the held-out rows",
    "baseline_balanced_accuracy": r"baseline gets (\d\.\d+)",
    "rule_by_hand_balanced_accuracy": r"rule applied by hand gets (\d\.\d+)",
}


def read_stored() -> dict[str, Any]:
    """The notebook as it is stored."""
    notebook: dict[str, Any] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return notebook


@dataclass(frozen=True)
class Run:
    """What one run of the notebook left: the cells with outputs, and the kernel's process group."""

    cells: list[dict[str, Any]]
    kernel_group: int

    def outputs(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every output, with the id of its cell."""
        for cell in self.cells:
            for output in cell.get("outputs", []):
                yield cell["id"], output

    def source(self, cell_id: str) -> str:
        """The text of one cell."""
        [source] = [cell["source"] for cell in self.cells if cell["id"] == cell_id]
        return str(source)

    def results(self) -> dict[str, Any]:
        """The results the notebook prints as JSON."""
        texts = [
            output["text"]
            for cell_id, output in self.outputs()
            if cell_id == "results" and output.get("name") == "stdout"
        ]
        assert texts, "the cell 'results' printed nothing"
        results: dict[str, Any] = json.loads("".join(texts))
        return results


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The notebook, run once in a fresh kernel; a cell that raises does not stop the others."""
    home = tmp_path_factory.mktemp("jupyter")
    read: Callable[..., NotebookNode] = nbformat.read  # it has no type hints of its own
    notebook = read(NOTEBOOK, as_version=4)
    kernel_groups: list[int] = []

    def note_kernel(**_: object) -> None:
        assert client.km is not None
        assert isinstance(client.km.provisioner, LocalProvisioner)
        group = client.km.provisioner.pgid
        assert group is not None
        os.killpg(group, 0)  # raises unless the group is there now
        kernel_groups.append(group)

    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=300,
        allow_errors=True,
        resources={"metadata": {"path": str(TRAINING)}},
        on_notebook_start=note_kernel,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
        # Nothing from the user's own Jupyter settings, kernels or history takes part.
        patch.delenv("JUPYTER_PATH", raising=False)
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(name, str(home / name.lower()))
        asyncio.run(client.async_execute())

    [kernel_group] = kernel_groups
    return Run(cells=notebook["cells"], kernel_group=kernel_group)


@pytest.mark.slow
def test_no_cell_raises(run: Run) -> None:
    errors = [
        f"{cell_id}: {output['ename']}: {output['evalue']}"
        for cell_id, output in run.outputs()
        if output["output_type"] == "error"
    ]
    assert errors == []


@pytest.mark.slow
def test_no_cell_warns(run: Run) -> None:
    warnings = [
        f"{cell_id}: {output['text']}"
        for cell_id, output in run.outputs()
        if output.get("name") == "stderr" and "Warning" in output["text"]
    ]
    assert warnings == []


@pytest.mark.slow
def test_draws_plots(run: Run) -> None:
    plots = [cell_id for cell_id, output in run.outputs() if "image/png" in output.get("data", {})]
    assert len(plots) >= 3, f"plots in {plots}"


@pytest.mark.slow
def test_leaves_no_process_behind(run: Run) -> None:
    # Signal 0 does nothing but ask whether any process of the kernel's group is left.
    with pytest.raises(ProcessLookupError):
        os.killpg(run.kernel_group, 0)


@pytest.mark.slow
def test_model_is_good_on_rows_it_has_not_seen(run: Run) -> None:
    results = run.results()
    assert results["held_out_balanced_accuracy"] >= 0.9
    assert results["held_out_balanced_accuracy"] > results["baseline_balanced_accuracy"] + 0.3


@pytest.mark.slow
def test_cross_validation_agrees_with_held_out_rows(run: Run) -> None:
    results = run.results()
    assert results["cross_validated_balanced_accuracy"] == pytest.approx(
        results["held_out_balanced_accuracy"], abs=0.03
    )


@pytest.mark.slow
def test_learnt_boundary_is_one_unit_of_difference(run: Run) -> None:
    results = run.results()
    assert results["boundary_slope"] == pytest.approx(1.0, abs=0.05)
    assert results["boundary_threshold"] == pytest.approx(1.0, abs=0.1)


@pytest.mark.slow
def test_published_example_gets_its_published_answers(run: Run) -> None:
    assert run.results()["example"] == [0.0, 1.0, 1.0]


@pytest.mark.slow
@pytest.mark.parametrize("result", SENTENCES)
def test_findings_in_words_are_the_computed_ones(run: Run, result: str) -> None:
    found = re.search(SENTENCES[result], run.source("found"))
    assert found, f"the cell 'found' does not have {SENTENCES[result]}"
    assert float(found[1]) == pytest.approx(run.results()[result], abs=0.01)


@pytest.mark.slow
def test_wrong_answers_lie_as_near_the_boundary_as_it_says(run: Run) -> None:
    found = re.search(r"within ([\d.]+) units of the boundary", run.source("found"))
    assert found
    assert run.results()["furthest_wrong_answer"] <= float(found[1])


def test_is_stored_without_outputs() -> None:
    notebook = read_stored()
    code_cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code_cells
    kept = [cell["id"] for cell in code_cells if cell["outputs"] or cell["execution_count"]]
    assert kept == []


def test_is_stored_with_no_more_metadata_than_it_needs() -> None:
    notebook = read_stored()
    assert notebook["metadata"].keys() == {"kernelspec", "language_info"}
    assert [cell["id"] for cell in notebook["cells"] if cell["metadata"]] == []
