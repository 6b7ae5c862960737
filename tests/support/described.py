"""Estimators with the signature and columns that `pack` would infer, without packing them."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from service.model.engines import Column
from service.model.predictor import as_column
from service.model.signature import Signature
from tests.support.animals import Animal
from tests.support.packed import ANIMALS
from training.estimators import introspection
from training.samples.sample import read
from training.signature.infer import describe


@cache
def described(name: str) -> tuple[Animal, Signature, dict[str, Column]]:
    """An animal of the zoo, its signature and the columns of its sample."""
    animal = ANIMALS[name]()
    return (animal, *contract(animal))


def contract(animal: Animal) -> tuple[Signature, dict[str, Column]]:
    """The signature and sample that `pack` would infer from an estimator and its rows."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        animal.rows.to_csv(path, index=False)
        sample = read(path)
    for part in filter(introspection.is_parallel, introspection.parts(animal.estimator)):
        part.n_jobs = 1
    signature = describe(animal.estimator, sample, [])
    columns = {
        one.name: as_column(sample.columns[one.name].values, one.dtype) for one in signature.inputs
    }
    return signature, columns
