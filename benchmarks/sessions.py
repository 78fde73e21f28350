"""How long the session model takes to build and to answer, and how much memory it needs, on generated sessions.

Sessions are six clicks long on average, over a catalogue of which a few items get most clicks. `--sessions` for more or
fewer; run it with a tenth to see how the figures grow.
"""

import argparse
import time

import numpy as np

from benchmarks.report import show
from recommender.session_build import Log, index_sessions
from recommender.session_desk import Questions, desk, places
from recommender.session_index import SessionIndex, Tuning
from recommender.session_kernel import follow_up

SEED = 7
QUESTIONS = 5000


def generated(sessions: int, items: int) -> Log:
    """Clicks that stay near the one before: a shop has aisles."""
    chance = np.random.default_rng(SEED)
    lengths = 2 + chance.poisson(4, sessions)
    starts = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    topic = np.minimum((items * chance.random(sessions) ** 2).astype(np.int64), items - 1)
    steps = chance.geometric(0.02, int(starts[-1]))
    return Log(((np.repeat(topic, lengths) + steps) % items).astype(np.int32), starts)


def size(index: SessionIndex) -> float:
    """Megabytes."""
    return sum(array.nbytes for array in index) / 1e6


def timed(index: SessionIndex, log: Log, tuning: Tuning) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Microseconds of single questions."""
    scratch, found = desk(index, tuning), places(1, 40)
    chance = np.random.default_rng(SEED)
    seconds = []
    for session in chance.integers(0, len(log.starts) - 1, QUESTIONS).tolist():
        asked = Questions(log.clicks, log.starts[session : session + 1], log.starts[session + 1 : session + 2])
        begun = time.perf_counter()
        follow_up(index, tuning, asked, scratch, found)
        seconds.append(time.perf_counter() - begun)
    return np.array(seconds[100:]) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=1_000_000, help="past sessions (default 1,000,000)")
    parser.add_argument("--items", type=int, default=100_000, help="items (default 100,000)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments = parser.parse_args()
    log = generated(arguments.sessions, arguments.items)
    popularity = np.ones(arguments.items, np.float32)
    index_sessions(log.before(10), popularity)
    begun = time.perf_counter()
    index = index_sessions(log, popularity)
    built = time.perf_counter() - begun
    figures: dict[str, float | int | str] = {
        "sessions": arguments.sessions,
        "clicks": len(log.clicks),
        "items": arguments.items,
        "build s": built,
        "index MB": size(index),
        "MB per million sessions": size(index) / arguments.sessions * 1e6,
    }
    for name, tuning in (("default", Tuning()), ("largest", Tuning(newest=1000.0, neighbours=500.0))):
        p50, p99 = np.percentile(timed(index, log, tuning), (50, 99))
        figures |= {f"{name} tuning: p50 µs": float(p50), f"{name} tuning: p99 µs": float(p99)}
    show("Sessions like this one", figures, as_json=arguments.json)


if __name__ == "__main__":
    main()
