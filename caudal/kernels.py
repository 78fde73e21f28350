"""Compiles the decision kernels: `python -m caudal.kernels`, before the processes that need them all start at once.

numba keeps machine code on disk; where it is there already, this takes as long as importing it.
"""

from recommender.model import Model
from recommender.recommend import warm_up

if __name__ == "__main__":
    warm_up(Model.empty())
