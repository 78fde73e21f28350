"""Models that are torn, foreign or never finished, an item that is deleted: answers go on, and are right."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from sys import executable

import msgspec
import numpy as np
import pytest

from recommender.manifest import MANIFEST, checksum, read_manifest, write_manifest
from recommender.model import load, newest
from recommender.publication import Provenance, publish
from retail.catalog import Item
from retail.slates import decode_slate
from streams.topics import CATALOG, RECOMMENDATIONS
from streams.topics.reference import reference_records
from tests.chaos.log import Seen, scan
from tests.chaos.reading import check_answers, reading
from tests.chaos.senders import KafkaSender
from tests.chaos.trial import Trial, trial
from tests.patience import PATIENCE
from tests.processes import environment
from tests.unit.recommender.shelves import random_arrays

pytestmark = pytest.mark.live

HOUR = 3_600_000
"""Milliseconds; versions sort by when they were made, so a later test's are newer."""

GONE = Item(id="i0", name="Sold out for good")
"""The most popular item of the models that are published here; nobody in the traffic has anything to do with it."""

BASKETS = 4_000
"""Enough for a training of a second or more."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with trial(tmp_path_factory.mktemp("models")) as prepared:
        prepared.system.settings.models.mkdir(exist_ok=True)
        yield prepared


@pytest.fixture
def staffed(run: Trial) -> Trial:
    run.staff(1)
    return run


def until(holds: Callable[[], bool], what: str) -> None:
    """Raises AssertionError where it does not come to hold."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def published(models: Path, hour: int) -> str:
    """The version's name. hour: the later, the newer."""
    return publish(models, random_arrays(), Provenance(created=1_795_435_200_000 + hour * HOUR))


def serving(run: Trial) -> str:
    """The version that the gateway answers with."""
    return str(run.gateway.get("/v1/recommendations?customer=nobody", "site").body["model"])


def serves(run: Trial, version: str) -> None:
    """Until gateway and worker both do."""
    until(lambda: serving(run) == version, f"the gateway does not take up {version}")
    life = run.system.workers.life
    until(lambda: f'"version": "{version}"' in life(0), f"the worker does not take up {version}")


def await_refusal(run: Trial, version: str) -> None:
    """Until gateway and worker both have refused it."""
    told = f'"version": "{version}"'
    until(lambda: told in run.system.workers.life(0), f"the worker does not refuse {version}")
    until(lambda: told in run.gateway.child.log.read_text(), f"the gateway does not refuse {version}")


def cut_short(folder: Path) -> None:
    """As by a copy that was interrupted."""
    os.truncate(folder / "factors.npy", 100)


def make_foreign(folder: Path) -> None:
    (folder / MANIFEST).write_text('{"model": "of something else"}')


def make_misfit(folder: Path) -> None:
    """Factors of more items than there are, with all checksums right."""
    path, manifest = folder / "factors.npy", read_manifest(folder)
    longer = np.zeros((99, 4), np.float32)
    np.save(path, longer)
    entry = msgspec.structs.replace(manifest.arrays["factors"], shape=longer.shape, sha256=checksum(path))
    (folder / MANIFEST).unlink()
    write_manifest(folder, msgspec.structs.replace(manifest, arrays={**manifest.arrays, "factors": entry}))


def models_of_slates(run: Trial) -> list[str]:
    """The version of each slate that a worker made, as they lie in their partitions."""
    found: list[str] = []
    scan(run.system.settings.broker, [RECOMMENDATIONS.name], lambda r: found.append(decode_slate(r.value or b"").model))
    return found


def items_of_slates(run: Trial, since: int) -> list[str]:
    """What workers recommended. since: milliseconds."""
    found: list[str] = []

    def see(record: Seen) -> None:
        if record.timestamp >= since:
            found.extend(entry.item for entry in decode_slate(record.value or b"").items)

    scan(run.system.settings.broker, [RECOMMENDATIONS.name], see)
    return found


def test_a_model_that_is_torn_foreign_or_does_not_fit_leaves_the_old_one_serving(
    staffed: Trial, tmp_path: Path
) -> None:
    models = staffed.system.settings.models
    good = published(models, 1)
    serves(staffed, good)
    refused: list[str] = []
    with staffed.under_load(), reading(staffed.gateway, staffed.customers()) as reader:
        for hour, harm in enumerate((cut_short, make_foreign, make_misfit), start=2):
            bad = published(tmp_path, hour)
            harm(tmp_path / bad)
            (tmp_path / bad).rename(models / bad)
            await_refusal(staffed, bad)
            refused.append(bad)
            assert serving(staffed) == good
        staffed.await_progress()
        better = published(models, 5)
        serves(staffed, better)
    verdict = staffed.verdict()
    assert verdict.clean, verdict.text()
    check_answers(reader)
    assert set(models_of_slates(staffed)).isdisjoint(refused)


def purchases(folder: Path) -> Path:
    """A file to learn from."""
    draw, path = Random(1), folder / "purchases.tsv"
    lines = ["customer_id\tbasket_id\titem_id\ttimestamp"]
    for basket in range(BASKETS):
        bought = draw.sample(range(40), 4)
        lines += [f"c{basket % 300}\tb{basket}\titem-{item}\t{1_790_000_000 + basket * 60}" for item in bought]
    path.write_text("\n".join(lines) + "\n")
    return path


def train(run: Trial, source: Path) -> subprocess.Popen[bytes]:
    """A trainer that has only been started."""
    line = [executable, "-m", "caudal", "train", str(source)]
    return subprocess.Popen(
        line, env={**os.environ, **environment(run.system.settings)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        process_group=0,
    )  # fmt: skip


def die_while(run: Trial, source: Path, begun: Callable[[], bool]) -> None:
    """The trainer is killed as soon as something has begun, or a second after its start if that comes first."""
    trainer = train(run, source)
    while not begun() and trainer.poll() is None:
        time.sleep(0.001)
    os.killpg(trainer.pid, signal.SIGKILL)
    trainer.communicate()


def test_a_trainer_that_is_killed_leaves_nothing_that_anybody_reads(staffed: Trial, tmp_path: Path) -> None:
    models, source = staffed.system.settings.models, purchases(tmp_path)
    with staffed.under_load(), reading(staffed.gateway, staffed.customers()) as reader:
        before = newest(models)
        second = time.monotonic() + 1
        die_while(staffed, source, lambda: time.monotonic() > second)
        assert newest(models) == before
        die_while(staffed, source, lambda: any(models.glob(".draft-*")))
        visible = newest(models)
        assert visible is not None
        load(visible)
        finished = train(staffed, source)
        said = finished.communicate(timeout=PATIENCE)[0].decode()
        assert finished.returncode == 0, said
        made = newest(models)
        assert made is not None
        serves(staffed, made.name)
    verdict = staffed.verdict()
    assert verdict.clean, verdict.text()
    check_answers(reader)


def stock(run: Trial, *, there: bool) -> None:
    """The item comes into the catalogue, or is deleted from it."""
    producer = KafkaSender(run.system.settings.broker, idempotent=run.system.settings.idempotent_producer)
    for record in reference_records([GONE]):
        producer.write(CATALOG.name, record.key, record.value if there else None)
    producer.close()


def recommends(run: Trial, item: str) -> bool:
    """Whether the gateway would, to anybody of some who did much and to one who did nothing."""
    answers = [
        run.gateway.get(f"/v1/recommendations?customer={customer}&limit=100", "site").body
        for customer in (*run.customers()[:10], "nobody")
    ]
    return any(entry["item"] == item for answer in answers for entry in answer["items"])


def test_an_item_that_was_deleted_is_recommended_no_more(staffed: Trial) -> None:
    serves(staffed, published(staffed.system.settings.models, 24 * 365))
    stock(staffed, there=True)
    with staffed.under_load():
        until(lambda: recommends(staffed, GONE.id), "it was never recommended")
        time.sleep(2)
        stock(staffed, there=False)
        until(lambda: not recommends(staffed, GONE.id), "the gateway recommends it still")
        deleted = int(time.time() * 1000) + 1_000
        time.sleep(4)
        assert not recommends(staffed, GONE.id)
    verdict = staffed.verdict()
    assert verdict.clean, verdict.text()
    assert GONE.id in items_of_slates(staffed, 0)
    later = items_of_slates(staffed, deleted)
    assert later
    assert GONE.id not in later
