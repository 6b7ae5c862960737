"""All of the report, in one piece."""

import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.model.engines import Column
from service.model.manifest import Manifest
from service.model.predictor import as_column
from training.report import card, inputs, words
from training.report.figure import Pictures
from training.report.judged import MOST_OUTPUTS, judged
from training.sample import Sample
from training.trying import Tried

FOLDER = Path(__file__).parent


def written(
    estimator: Any,
    manifest: Manifest,
    sample: Sample,
    held_out: Mapping[str, Sequence[Any]] | None = None,
    trusted: Collection[str] = (),
) -> bytes:
    """The page. The model is judged on `held_out`, columns of rows that it has not seen, or else on
    the rows that the sample kept.
    """
    signature = manifest.signature
    given = held_out or {name: column.values for name, column in sample.columns.items()}
    columns: dict[str, Column] = {
        one.name: as_column(list(given[one.name]), one.dtype) for one in signature.inputs
    }
    answers = {one.name: list(given[one.name]) for one in signature.outputs if one.name in given}
    pictures = Pictures()
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the model's own, which packing has seen
        every = list(judged(Tried(estimator, signature, trusted), columns, answers))
        made = [card.section(pictures, one) for one in every[:MOST_OUTPUTS]]
        shown = list(signature.inputs)
        if len(shown) > inputs.MOST_PICTURES:
            weights = made[0][1].mean if made and made[0][1] else np.zeros(len(shown))
            order = np.argsort(-weights, kind="stable")[: inputs.MOST_PICTURES]
            shown = [signature.inputs[place] for place in order]
        drawn = list(inputs.drawn(pictures, shown, sample))
    templates = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"share": words.share, "shown": words.shown}
    page = templates.get_template("page.html").render(
        manifest=manifest,
        sections=[one for one, _ in made],
        more_outputs=len(every) - len(made),
        held_out=held_out is not None,
        judged_rows=len(every[0].actual) if every else 0,
        folds=manifest.metrics.get("cross_validation"),
        data=card.data(manifest, sample),
        columns=card.columns(manifest, sample),
        distributions=drawn,
        limits=list(card.limits(manifest, every, held_out is not None)),
        model=card.described(estimator),
        kind=card.kind_of(estimator),
        style=(FOLDER / "page.css").read_text() + pictures.style(),
    )
    return page.encode()
