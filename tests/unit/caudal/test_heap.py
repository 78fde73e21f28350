"""What bursts leave free in the C heap goes back to the system."""

import platform
import subprocess
import sys

import pytest

BURST = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import numpy as np
from caudal import heap

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1])

def burst(_):
    blocks = [np.ones(65536, np.uint8) for _ in range(400)]
    return blocks[::40] + blocks[-1:]  # what outlives it lies in between

heap.GIVE_BACK_EVERY = 0.05
before = resident()
with ThreadPoolExecutor(4) as threads:
    kept = list(threads.map(burst, range(4)))
left = resident() - before
heap.keep_small()
until = time.monotonic() + 60
while resident() - before > left / 2 and time.monotonic() < until:
    time.sleep(0.05)
print(left, resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep their heap in their own way")
def test_a_burst_leaves_little_behind() -> None:
    told = subprocess.run([sys.executable, "-c", BURST], check=True, stdout=subprocess.PIPE, text=True).stdout
    left, in_the_end = map(int, told.split())
    assert in_the_end < left / 2
