"""Joins the estimators in the objects of one or several files into one pipeline.

Users often save a model separately from the vectorizer or scaler that transforms its rows: in
another file, as another pickle in the same file, or in a dictionary.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sklearn.pipeline import Pipeline, make_pipeline

from training.errors import PackError
from training.formats.model_file import ModelFile

LABEL_TRANSFORMERS = ("LabelBinarizer", "LabelEncoder", "MultiLabelBinarizer")
Found = tuple[ModelFile, Any]


def joined(
    files: Sequence[ModelFile], objects: Sequence[Any]
) -> tuple[Any, list[ModelFile], list[str]]:
    """The estimator, the files in the order in which their estimators are applied, and notes.

    PackError if there are several estimators that do not form a pipeline in the order of the files.
    """
    found, notes = [], []
    for file, one in zip(files, objects, strict=True):
        inside = _inside(file, one)
        found += inside
        if inside[0][0].keys:
            keys = " and then ".join(repr(file.keys[0]) for file, _ in inside)
            notes.append(f"of the {type(one).__name__} in {file.path} the model is {keys}")
    if len(found) == 1:
        return found[0][1], [found[0][0]], notes
    if len({file.path for file, _ in found}) == 1 and not _is_model(found[-1][1]):
        found.sort(key=lambda one: _is_model(one[1]))  # pickles of one file may have any order
    _check_order(found)
    steps: list[Any] = []
    for _, one in found:
        flat = type(one) is Pipeline and one.memory is None
        steps += [step for _, step in one.steps] if flat else [one]
    if len({file.path for file, _ in found}) == 1 and not found[0][0].keys:
        names = " and then ".join(type(one).__name__ for _, one in found)
        notes.append(f"the model is the {names} in {found[0][0].path}")
    return make_pipeline(*steps), [file for file, _ in found], notes


def _is_model(one: Any) -> bool:
    return hasattr(one, "predict")


def _check_order(found: Sequence[Found]) -> None:
    """PackError unless the last estimator predicts and all others transform."""
    for file, one in found[:-1]:
        if not hasattr(one, "transform"):
            raise PackError(
                f"{file.path}: holds a {type(one).__name__}, which transforms no rows: name the "
                "files in the order in which rows go through them, the model last"
            )
    file, last = found[-1]
    if not _is_model(last):
        raise PackError(
            f"{file.path}: holds a {type(last).__name__} without predict: name the file of the "
            "model behind it"
        )


def _inside(file: ModelFile, held: Any) -> list[Found]:
    """The transformer and the model in a container. The object itself, if it is not a container, or
    if it has several models or transformers.
    """
    named: dict[str | int, Any]
    if type(held) is dict:
        named = {key: one for key, one in held.items() if type(key) is str}
    elif type(held) in (list, tuple):
        named = dict(enumerate(held))
    else:
        return [(file, held)]
    models = {key: one for key, one in named.items() if _is_estimator(one) and _is_model(one)}
    before = {key: one for key, one in named.items() if _is_transformer(one)}
    if len(models) != 1 or len(before) > 1:
        return [(file, held)]
    if not all(_fits(one, model) for one in before.values() for model in models.values()):
        return [(file, held)]
    return [(replace(file, keys=(key,)), one) for key, one in (before | models).items()]


def _is_estimator(one: Any) -> bool:
    return hasattr(one, "fit") and not isinstance(one, type)


def _is_transformer(one: Any) -> bool:
    return (
        _is_estimator(one)
        and hasattr(one, "transform")
        and not _is_model(one)
        and type(one).__name__ not in LABEL_TRANSFORMERS
    )


def _fits(transformer: Any, model: Any) -> bool:
    """Whether the model was fitted on as many columns as the transformer returns, and more than
    one: a scaler of one column may be that of the target.
    """
    width: int | None
    try:
        width = len(transformer.get_feature_names_out())
    except Exception:
        width = getattr(transformer, "n_features_in_", None)
    return width == getattr(model, "n_features_in_", None) and width != 1
