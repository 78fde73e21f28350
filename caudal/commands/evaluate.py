"""`caudal evaluate sessions` and `caudal evaluate baskets`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
