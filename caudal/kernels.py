"""Compiles the decision kernels: `python -m caudal.kernels`, before the processes that need them all start at once.

numba keeps machine code on disk; where it is there already, this takes as long as importing it.
"""

from recommender.model import Model
from recommender.warm_up import compile_all

if __name__ == "__main__":
    compile_all(Model.empty())
