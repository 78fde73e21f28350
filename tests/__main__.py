"""Runs pytest where training finds its OpenMP runtime, also on a machine without one: `python -m tests -q`.

The linker looks at the environment of a process when it starts, so this has to come before pytest.
"""

import signal
import sys

import pytest

from caudal.cache import cache_folder
from recommender.training.openmp import ensure

if __name__ == "__main__":
    ensure(cache_folder() / "lib")
    # A script's background job ignores Ctrl-C, and so would every process that a test starts and interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(pytest.main(sys.argv[1:]))
