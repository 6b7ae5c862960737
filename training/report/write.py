"""Render the report as one HTML page."""

import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.model.engines import Column
from service.model.manifest import Manifest
from service.model.predictor import as_column
from training.estimators.fitted_model import FittedModel
from training.estimators.side_effects import GuardedScikitLearn
from training.report import card, distributions, formatting
from training.report.evaluation import MAX_OUTPUTS, evaluate_outputs
from training.report.plots import Plots
from training.samples.sample import Sample

FOLDER = Path(__file__).parent


def render(
    model: FittedModel,
    manifest: Manifest,
    sample: Sample,
    held_out: Mapping[str, Sequence[Any]] | None = None,
    trusted: Collection[str] = (),
) -> bytes:
    """Render the page.

    The model is evaluated on `held_out`, columns of rows that it has not seen, or on the rows that
    the sample kept.
    """
    signature = manifest.signature
    given = held_out or {name: column.values for name, column in sample.columns.items()}
    columns: dict[str, Column] = {
        one.name: as_column(list(given[one.name]), one.dtype) for one in signature.inputs
    }
    targets = {one.name: list(given[one.name]) for one in signature.outputs if one.name in given}
    plots = Plots()
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the model's warnings, which packing has shown
        engine = GuardedScikitLearn(model.estimator, signature, trusted)
        every = list(evaluate_outputs(model, engine, columns, targets))
        made = [card.section(plots, one) for one in every[:MAX_OUTPUTS]]
        shown = list(signature.inputs)
        if len(shown) > distributions.MAX_PLOTS:
            weights = made[0][1].mean if made and made[0][1] else np.zeros(len(shown))
            order = np.argsort(-weights, kind="stable")[: distributions.MAX_PLOTS]
            shown = [signature.inputs[place] for place in order]
        plotted = list(distributions.draw(plots, shown, sample))
    templates = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"percent": formatting.percent, "printable": formatting.printable}
    page = templates.get_template("page.html").render(
        manifest=manifest,
        sections=[one for one, _ in made],
        more_outputs=len(every) - len(made),
        held_out=held_out is not None,
        evaluated_rows=len(every[0].actual) if every else 0,
        folds=manifest.metrics.get("cross_validation"),
        data=card.data(manifest, sample),
        columns=card.columns(manifest, sample),
        distributions=plotted,
        limits=list(card.limits(manifest, every, held_out is not None)),
        model=card.estimator_repr(model.estimator),
        kind=card.estimator_name(model.estimator),
        style=(FOLDER / "page.css").read_text() + plots.style(),
    )
    return page.encode()
