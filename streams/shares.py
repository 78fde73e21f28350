"""How a fetch is divided: each Redis server's partitions by themselves, or, where there is one, a large fetch in two.

One share is folded while another is committed, and a server that hangs holds up its own alone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from streams.received import Records

WORTH_SHARING = 200
"""Records from which a fetch is split: two smaller commits cost more than one, but Redis works while we do."""


def shares(work: Mapping[int, Records], place: Callable[[int], str]) -> list[dict[int, Records]]:
    """place: of a partition, the server that keeps it."""
    groups = by_place(work, place)
    if len(groups) < 2:
        return _halves(work)
    return [{partition: work[partition] for partition in group} for group in groups]


def by_place(partitions: Iterable[int], place: Callable[[int], str]) -> list[tuple[int, ...]]:
    """Those of each server."""
    placed: defaultdict[str, list[int]] = defaultdict(list)
    for partition in partitions:
        placed[place(partition)].append(partition)
    return [tuple(group) for group in placed.values()]


def _halves(work: Mapping[int, Records]) -> list[dict[int, Records]]:
    """Of about equal size, or one where it is small."""
    if sum(map(len, work.values())) < WORTH_SHARING:
        return [dict(work)] if work else []
    halves: tuple[dict[int, Records], ...] = ({}, {})
    sizes = [0, 0]
    for partition, records in sorted(work.items(), key=lambda entry: -len(entry[1])):
        smaller = sizes.index(min(sizes))
        halves[smaller][partition] = records
        sizes[smaller] += len(records)
    return [half for half in halves if half]
