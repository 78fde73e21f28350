"""What a shop of a million items and ten million interactions costs to train and to serve, and what a tenth of it does.

Purchases and clicks are generated, half each, over a catalogue of which a few items get most; `caudal train` learns
from them, and a process of its own then does what gateways and workers do: takes the catalogue in, opens the model,
answers every placement, and answers while the whole catalogue is loaded anew.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.placements import NOW, assortment, cost, regular
from benchmarks.report import Figures, show
from recommender.model import Model
from recommender.placed import Spot, slate_for
from recommender.placements import RECIPES
from recommender.recommend import Query
from retail.customers import CustomerState
from retail.reference import Reference
from streams.state.models import ModelShelf
from streams.topics.follower import PAGE

SEED = 7
PER_CUSTOMER, PER_BASKET, PER_SESSION = 40, 8, 6
DAYS = 365
STORES = 50

ROUNDS = 300
"""Answers of each placement."""

LINES_WRITTEN = 500_000
"""At a time: bounds the memory of the generator."""

RESET_PEAK = "5"
"""What Linux's /proc/PID/clear_refs is told so that the peak of memory begins anew."""


Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]


def _wanted(chance: np.random.Generator, items: int, groups: int, size: int) -> Numbers:
    """What each line of the groups is of: near the group's topic, and every tenth line anything."""
    lines = groups * size
    topic = np.repeat((items * chance.random(groups) ** 2).astype(np.int64), size)
    near = (topic + chance.geometric(0.02, lines)) % items
    return np.where(chance.random(lines) < 0.1, chance.integers(0, items, lines), near)


def write_purchases(path: Path, items: int, lines: int) -> None:
    """Baskets of `PER_BASKET` lines, in one of the stores."""
    chance = np.random.default_rng(SEED)
    with path.open("w", encoding="utf-8") as file:
        file.write("customer_id\tbasket_id\titem_id\ttimestamp\tstore_id\n")
        for first in range(0, lines, LINES_WRITTEN):
            baskets = min(LINES_WRITTEN, lines - first) // PER_BASKET
            customers = chance.integers(0, max(lines // PER_CUSTOMER, 1), baskets)
            moments = NOW - chance.integers(0, DAYS * 86_400, baskets)
            bought = _wanted(chance, items, baskets, PER_BASKET).reshape(baskets, PER_BASKET)
            for n, (who, at) in enumerate(zip(customers.tolist(), moments.tolist(), strict=True)):
                head, tail = f"c{who}\tb{first + n}\ti", f"\t{at}\ts{who % STORES}\n"
                file.write("".join(f"{head}{item}{tail}" for item in bought[n].tolist()))


def write_clicks(path: Path, items: int, lines: int) -> None:
    """Sessions of `PER_SESSION` clicks, half a minute apart."""
    chance = np.random.default_rng(SEED + 1)
    with path.open("w", encoding="utf-8") as file:
        file.write("session_id\titem_id\ttimestamp\n")
        for first in range(0, lines, LINES_WRITTEN):
            sessions = min(LINES_WRITTEN, lines - first) // PER_SESSION
            moments = NOW - chance.integers(0, DAYS * 86_400, sessions)
            seen = _wanted(chance, items, sessions, PER_SESSION).reshape(sessions, PER_SESSION)
            for n, at in enumerate(moments.tolist()):
                clicks = enumerate(seen[n].tolist())
                file.write("".join(f"s{first + n}\ti{item}\t{at + 30 * step}\n" for step, item in clicks))


def train(folder: Path, items: int, interactions: int) -> Iterator[tuple[str, float]]:
    """Seconds and the most memory of every step that `caudal train` tells of. Raises RuntimeError where it fails."""
    purchases, clicks = folder / "purchases.tsv", folder / "clicks.tsv"
    write_purchases(purchases, items, interactions // 2)
    write_clicks(clicks, items, interactions // 2)
    command = [sys.executable, "-m", "caudal", "train", str(purchases), "--sessions", str(clicks)]
    begun, steps = time.monotonic(), dict[str, float]()
    peaks: dict[str, float] = {}
    with subprocess.Popen([*command, "--models", str(folder / "models")], stdout=subprocess.PIPE, text=True) as process:
        doing, since = "start", begun
        for line in process.stdout or ():
            now = time.monotonic()
            steps[doing] = steps.get(doing, 0.0) + now - since
            peaks[doing] = max(peaks.get(doing, 0.0), _peak_mb(process.pid))
            doing, since = line[5:].strip(), now
        if process.wait():
            raise RuntimeError("caudal train failed; its words are above")
    yield "train_s", time.monotonic() - begun
    yield "train_peak_mb", max(peaks.values())
    for name in steps:
        yield f"train, {name}: s", steps[name]
        yield f"train, {name}: peak MB", peaks[name]
    yield "model_mb", sum(file.stat().st_size for file in (folder / "models").rglob("*.npy")) / 1e6


def _peak_mb(pid: int) -> float:
    """Since it was asked last; 0 of a process that has ended."""
    try:
        peak = _memory_mb(pid, "VmHWM")
        Path(f"/proc/{pid}/clear_refs").write_text(RESET_PEAK)
    except (OSError, StopIteration):
        return 0.0
    return peak


def _memory_mb(pid: int, kind: str) -> float:
    """Megabytes of 1,000,000 bytes. kind: a line of Linux's /proc/PID/status."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in status if line.startswith(kind))


def serve(models: Path, items: int) -> Figures:
    """In a process of its own: what a gateway or a worker of such a shop does before it answers, and what answers cost.

    The catalogue is loaded anew in pages, as it is followed; between two of them somebody asks.
    """
    figures: dict[str, float] = {}
    begun, before = time.perf_counter(), _memory_mb(os.getpid(), "VmRSS")
    shop = assortment(items)
    figures |= {"catalogue: s": time.perf_counter() - begun, "catalogue: MB": _memory_mb(os.getpid(), "VmRSS") - before}
    begun, before = time.perf_counter(), _memory_mb(os.getpid(), "VmRSS")
    shelf = ModelShelf(models, shop)
    asyncio.run(shelf.refresh())
    figures |= {
        "model opened and ready: s": time.perf_counter() - begun,
        "model: MB": _memory_mb(os.getpid(), "VmRSS") - before,
    }
    figures |= _answering(shelf.current, shop, regular(items), ROUNDS)
    figures |= _loading_anew(shelf, shop)
    return {**figures, "serving: MB": _memory_mb(os.getpid(), "VmRSS")}


def _loading_anew(shelf: ModelShelf, shop: Reference) -> dict[str, float]:
    """CPU for which the event loop stands still: for a page of the catalogue, and for who asks behind it."""
    pages, asked = [], []
    query = Query(customer="ana", state=CustomerState(), at=NOW * 1000, placement="item", store="s0", limit=10)
    catalog = list(shop.items.values())
    for first in range(0, len(catalog), PAGE):
        begun = time.process_time()
        for item in catalog[first : first + PAGE]:
            shop.put_item(item.id, item)
        shelf.keep_up()
        pages.append((time.process_time() - begun) * 1e3)
        begun = time.process_time()
        slate_for(query, Spot("i370"), shelf.current, shop)
        asked.append((time.process_time() - begun) * 1e3)
    return {
        "loaded anew: a page p50 CPU ms": float(np.median(pages)),
        "loaded anew: a page at most CPU ms": max(pages),
        "loaded anew: an answer at most CPU ms": max(asked),
    }


def _answering(model: Model, shop: Reference, state: CustomerState, rounds: int) -> dict[str, float]:
    found: dict[str, float] = {}
    spot = Spot("i370", tuple(f"i{n}" for n in range(20)), "d7", "z")
    for placement in RECIPES:
        query = Query(customer="ana", state=state, at=NOW * 1000, placement=placement, store="s0", limit=10)
        costs = cost(query, spot, model, shop, rounds)
        found[f"{placement}: p50 CPU ms"] = float(np.percentile(costs, 50))
        found[f"{placement}: p99 CPU ms"] = float(np.percentile(costs, 99))
    return found


def run(items: int, interactions: int) -> Figures:
    with TemporaryDirectory() as name, ProcessPoolExecutor(1, get_context("spawn")) as apart:
        trained = dict(train(Path(name), items, interactions))
        return {**trained, **apart.submit(serve, Path(name) / "models", items).result()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000, help="of the catalogue (default 1,000,000)")
    parser.add_argument("--interactions", type=int, default=10_000_000, help="half of each kind (default 10,000,000)")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    given = parser.parse_args()
    show("A shop of this size", run(given.items, given.interactions), as_json=given.json)


if __name__ == "__main__":
    main()
