"""A frame as a file that `pack` reads as a sample."""

from pathlib import Path

import pandas as pd

from training.samples import columnar, sample


def read_back(rows: pd.DataFrame, folder: Path, suffix: str = ".csv") -> sample.Sample:
    """Write the frame as CSV, Parquet or Feather, and read it as a sample."""
    path = folder / f"rows{suffix}"
    if suffix == ".csv":
        rows.to_csv(path, index=False)
        return sample.read(path, named=True)
    if suffix == ".feather":
        rows.to_feather(path)
    else:
        rows.to_parquet(path)
    return columnar.read(path)
