"""Estimators with the signature and columns that `pack` would infer, without packing them."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from service.model.engines import Column
from service.model.predictor import as_column
from service.model.signature import Signature
from tests.support.model_cases import ModelCase
from tests.support.packed import ALL_MODELS
from training.estimators import introspection
from training.samples.sample import read
from training.signature.infer import infer_signature


@cache
def described(name: str) -> tuple[ModelCase, Signature, dict[str, Column]]:
    """An estimator with its rows, its signature and the columns of its sample."""
    case = ALL_MODELS[name]()
    return (case, *contract(case))


def contract(case: ModelCase) -> tuple[Signature, dict[str, Column]]:
    """The signature and sample that `pack` would infer from an estimator and its rows."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        case.rows.to_csv(path, index=False)
        sample = read(path)
    for part in filter(introspection.is_parallel, introspection.parts(case.estimator)):
        part.n_jobs = 1
    signature = infer_signature(case.estimator, sample, [])
    columns = {
        one.name: as_column(sample.columns[one.name].values, one.dtype) for one in signature.inputs
    }
    return signature, columns
