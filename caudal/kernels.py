"""Compiles the decision kernels: `python -m caudal.kernels`, before the processes that need them all start at once.

numba keeps machine code on disk; where it is there already, this takes as long as importing it.
"""

from recommender import promote, recommend
from recommender.model import Model

if __name__ == "__main__":
    recommend.warm_up(Model.empty())
    promote.warm_up()
