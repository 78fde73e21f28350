"""Every kernel that decides, compiled, or read from the disk, before a decision has to wait for it."""

from recommender import promote, recommend
from recommender.model import Model


def compile_all(model: Model) -> None:
    """Takes seconds on a machine that never did; milliseconds afterwards."""
    recommend.warm_up(model)
    promote.warm_up()
