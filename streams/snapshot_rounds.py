"""Writing snapshots: now and then, per owned partition, the states of the customers changed since the last round.

Reads Redis, and after a takeover the keys of the log since the last marker. Writes `customer-snapshots`. Unhurried:
so many customers a second and no more, and none while the journey lags.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from itertools import batched_pages

import structlog
