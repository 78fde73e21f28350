"""What the ranker looks at in a candidate, compiled: the same numbers when it learns and when it serves.

All of it is in the customer's state at the moment of asking and in the model: nothing that happens later can change
it. Everything compiled stands in this module (see `compiled`).
Sources: the time-decayed counts of TIFU-kNN (Hu et al., SIGIR 2020), the repurchase gap of ReCANet (Ariannezhad et al.,
SIGIR 2022).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender import rank_columns as of
from recommender.batch import POPULAR_HERE, SEEN_TOGETHER, TASTE, Answers, Batch
from recommender.compiled import compiled, inlined
from recommender.rank_columns import FEATURES
from recommender.shelf import Shelf
from recommender.straight import straight
from retail.customers import Interaction

DAY = 86_400.0

SHORTEST = 0.5
"""Days: two purchases of one day are one need."""

BOUGHT = int(Interaction.BOUGHT)

SLOW, MIDDLE, FAST = 120.0, 45.0, 14.0
"""Days to 1/e. The journey counts with the first; the others follow from that count and from how often it was counted
(see `_pace`): on Complete Journey they and the true ones correlate by 0.99."""

SHORTEST_RHYTHM, LONGEST_RHYTHM = 0.3, 60.0
"""Days between baskets, as a scale of the customer's own."""

HALVINGS = 10
"""For the pace of purchases, to a thousandth."""


class Own(NamedTuple):
    """Scratch: the customer's own items by number. slots: hash table from item key to number + 1, 0 is free.

    values: (N, 9) by the columns below: count at the last purchase and now; seconds of the last purchase and, in
    the history, of the one before it; baskets since; baskets with it, as they are and fading; seconds of the first
    purchase, to the day, and how many there were.
    """

    slots: NDArray[np.int32]
    keys: NDArray[np.uint64]
    values: NDArray[np.float64]


COUNT, NOW, LAST, BEFORE, SINCE, BASKETS, QUICKLY, FIRST, OFTEN = range(9)

ITEMS, TOTAL, LARGEST, NEWEST, SIZE, BETWEEN, OLDEST = range(7)
"""Of a customer: habits, their sum, the largest; seconds of the last purchase; items of a basket; days between two;
seconds of the first purchase that a habit remembers."""


class Repeats(NamedTuple):
    """How an item is bought again. again: (I,) share of its purchases that the customer had bought it before.
    gaps: (I,) days between two purchases of one customer, the usual ones of the shop where there are few."""

    again: NDArray[np.float32]
    gaps: NDArray[np.float32]


class Known(NamedTuple):
    """What features are made of beside the customer. keys: (I,) item key by row."""

    shelf: Shelf
    keys: NDArray[np.uint64]
    repeats: Repeats


def _own_room(batch: Batch) -> Own:
    """Large enough for the largest customer of the batch."""
    if len(batch.at) == 1:
        most = len(batch.habits) + len(batch.history)
    else:
        most = int(np.diff(batch.habit_starts).max(initial=0) + np.diff(batch.history_starts).max(initial=0))
    return Own(
        np.zeros(2 << max(most, 1).bit_length(), np.int32),
        np.empty(most, np.uint64),
        np.empty((most, 9)),
    )


@inlined
def _slot(own: Own, key: np.uint64) -> int:
    """Where the key is in the table, or the free place where it belongs. Keys are hashes already."""
    mask = own.slots.size - 1
    slot = np.int64(key >> np.uint64(32)) & mask
    while own.slots[slot] != 0 and own.keys[own.slots[slot] - 1] != key:
        slot = (slot + 1) & mask
    return int(slot)


@inlined
def _entry(own: Own, key: np.uint64, held: int) -> int:
    """The number of an own item; `held` where it is new, and then it is written with nothing known of it."""
    slot = _slot(own, key)
    if own.slots[slot] != 0:
        return int(own.slots[slot] - 1)
    own.slots[slot] = held + 1
    own.keys[held] = key
    own.values[held, :] = 0.0
    own.values[held, SINCE] = of.LONG_AGO
    return held


@compiled
def _gather_habits(batch: Batch, q: int, own: Own, about: NDArray[np.float64]) -> int:
    """How many own items there are."""
    held = 0
    for i in range(batch.habit_starts[q], batch.habit_starts[q + 1]):
        habit = batch.habits[i]
        n = _entry(own, habit["item"], held)
        held = max(held, n + 1)
        last = float(habit["last"])
        now = habit["value"] * math.exp(-max(0.0, batch.at[q] - last) / (SLOW * DAY))
        own.values[n, COUNT], own.values[n, NOW], own.values[n, LAST] = habit["value"], now, last
        own.values[n, FIRST], own.values[n, OFTEN] = float(habit["first"]) * DAY, float(habit["times"])
        about[OLDEST] = own.values[n, FIRST] if about[ITEMS] == 0.0 else min(about[OLDEST], own.values[n, FIRST])
        about[ITEMS] += 1.0
        about[TOTAL] += now
        about[LARGEST], about[NEWEST] = max(about[LARGEST], now), max(about[NEWEST], last)
    return held


@compiled
def _gather_baskets(batch: Batch, q: int, own: Own, about: NDArray[np.float64], held: int) -> None:
    """The purchases of the history, the newest first; what was bought in one second is one basket."""
    baskets, lines, oldest, newest = 0, 0, 0.0, 0.0
    for i in range(batch.history_starts[q + 1] - 1, batch.history_starts[q] - 1, -1):
        record = batch.history[i]
        if record["kind"] != BOUGHT:
            continue
        at = float(record["at"])
        if baskets == 0 or at != oldest:
            baskets += 1
            oldest = at
        newest = at if baskets == 1 else newest
        lines += 1
        n = _entry(own, record["item"], held)
        held = max(held, n + 1)
        _count_basket(own, n, at, baskets - 1)
    about[SIZE] = lines / max(baskets, 1)
    about[BETWEEN] = (newest - oldest) / DAY / (baskets - 1) if baskets > 1 else of.UNKNOWN


@inlined
def _count_basket(own: Own, n: int, at: float, since: int) -> None:
    """since: baskets that came later."""
    own.values[n, BASKETS] += 1.0
    if own.values[n, BASKETS] == 1.0:
        own.values[n, SINCE] = since
        own.values[n, LAST] = max(own.values[n, LAST], at)
    elif own.values[n, BASKETS] == 2.0:
        own.values[n, BEFORE] = at
    own.values[n, QUICKLY] += 0.7**since


@inlined
def _habit_of(own: Own, key: np.uint64) -> float:
    """0 for none."""
    number = own.slots[_slot(own, key)]
    return own.values[number - 1, NOW] if number != 0 else 0.0


@inlined
def _rhythm(about: NDArray[np.float64], at: float) -> float:
    """Days between the customer's baskets, over the whole time that habits remember.

    The habits sum up to the items bought within `SLOW` days, fading; a basket has as many as in the history.
    """
    known = 1.0 - math.exp(-max(1.0, (at - about[OLDEST]) / DAY) / SLOW)
    baskets = max(about[TOTAL], 0.1) / max(about[SIZE], 1.0)
    return float(min(max(SLOW * known / baskets, SHORTEST_RHYTHM), LONGEST_RHYTHM))


@inlined
def _pace(count: float, times: float) -> float:
    """What a purchase still counts when the next one is made, if all were made at even intervals.

    The root of 1 + q + q^2 + ... = count, with so many terms.
    """
    if times < 2.0 or count >= times:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if 1.0 - middle**times < count * (1.0 - middle):
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@inlined
def _faded(pace: float, times: float, days: float, span: float) -> float:
    """The count of purchases if it fell to 1/e in `span` days. days: since the last."""
    each = pace ** (SLOW / span)
    counted = (1.0 - each**times) / (1.0 - each) if each < 0.999999 else times
    return math.exp(-days / span) * counted


@inlined
def _describe_counts(values: NDArray[np.float64], days: float, rhythm: float, x: NDArray[np.float32]) -> None:
    times = max(values[OFTEN], 1.0)
    pace = _pace(values[COUNT], times)
    x[of.FAST_HABIT], x[of.MIDDLE_HABIT] = _faded(pace, times, days, FAST), _faded(pace, times, days, MIDDLE)
    x[of.HABIT_3], x[of.HABIT_10] = _faded(pace, times, days, 3.0 * rhythm), _faded(pace, times, days, 10.0 * rhythm)
    x[of.HABIT_25], x[of.RHYTHMS], x[of.TIMES] = _faded(pace, times, days, 25.0 * rhythm), days / rhythm, times
    if times > 1.0:
        gap = max(values[LAST] - values[FIRST], 0.0) / DAY / (times - 1.0)
        x[of.MEAN_OVERDUE] = days / max(gap, SHORTEST)


@inlined
def _describe_own(values: NDArray[np.float64], at: float, usual: float, rhythm: float, x: NDArray[np.float32]) -> None:
    days = max(0.0, at - values[LAST]) / DAY
    x[of.HABIT], x[of.LAST_HABIT] = values[NOW], values[COUNT]
    x[of.DAYS], x[of.OVERDUE] = days, days / usual
    if values[COUNT] > 0.0:
        _describe_counts(values, days, rhythm, x)
    if values[BEFORE] > 0.0:
        x[of.GAP] = (values[LAST] - values[BEFORE]) / DAY
        x[of.OWN_OVERDUE] = days / max(x[of.GAP], np.float32(SHORTEST))
    x[of.BASKETS_SINCE], x[of.BASKETS_WITH], x[of.FADING_7] = values[SINCE], values[BASKETS], values[QUICKLY]


@inlined
def _describe_near(near: NDArray[np.int32], weights: NDArray[np.float32], keys: NDArray[np.uint64], own: Own) -> float:
    """The customer's habits of an item's neighbours, by weight."""
    total = 0.0
    for n in range(near.size):
        if weights[n] <= 0.0:
            break
        total += weights[n] * _habit_of(own, keys[near[n]])
    return total


@inlined
def _describe_customer(about: NDArray[np.float64], at: float, x: NDArray[np.float32]) -> None:
    x[of.OF_LARGEST], x[of.OF_SUM] = x[of.HABIT] / max(about[LARGEST], 1e-9), x[of.HABIT] / max(about[TOTAL], 1e-9)
    x[of.HABITS], x[of.SUM] = about[ITEMS], about[TOTAL]
    x[of.BASKET_SIZE], x[of.BASKET_DAYS] = about[SIZE], about[BETWEEN]
    x[of.CUSTOMER_DAYS] = max(0.0, at - about[NEWEST]) / DAY if about[NEWEST] > 0.0 else of.NEVER


@inlined
def _describe_nothing(x: NDArray[np.float32]) -> None:
    """What is told of an item that the customer never had."""
    x[:] = 0.0
    x[of.DAYS], x[of.OVERDUE], x[of.RHYTHMS] = of.NEVER, of.NEVER, of.NEVER
    x[of.BASKETS_SINCE] = of.LONG_AGO
    x[of.OWN_OVERDUE], x[of.MEAN_OVERDUE], x[of.GAP] = of.UNKNOWN, of.UNKNOWN, of.UNKNOWN


@compiled
def _describe(known: Known, batch: Batch, answers: Answers, own: Own, out: NDArray[np.float32]) -> None:
    shelf, keys, repeats = known.shelf, known.keys, known.repeats
    about = np.zeros(7)
    for q in range(batch.at.size):
        own.slots[:], about[:] = 0, 0.0
        _gather_baskets(batch, q, own, about, _gather_habits(batch, q, own, about))
        at = float(batch.at[q])
        rhythm = _rhythm(about, at)
        for place in range(answers.counts[q]):
            row, x, parts = answers.rows[q, place], out[q, place], answers.parts[q, place]
            _describe_nothing(x)
            number = own.slots[_slot(own, keys[row])]
            if number != 0:
                _describe_own(own.values[number - 1], at, float(repeats.gaps[row]), rhythm, x)
            x[of.TOGETHER_HABITS] = _describe_near(shelf.together[row], shelf.together_weights[row], keys, own)
            x[of.ALIKE_HABITS] = _describe_near(shelf.alike[row], shelf.alike_weights[row], keys, own)
            x[of.TOGETHER], x[of.LIKED], x[of.HERE] = parts[SEEN_TOGETHER], parts[TASTE], parts[POPULAR_HERE]
            x[of.POPULAR_PLACE] = math.floor(2.0 * math.log2(row + 1.0))
            x[of.AGAIN], x[of.USUAL_GAP] = repeats.again[row], repeats.gaps[row]
            x[of.SCORE], x[of.PLACE] = answers.scores[q, place], place
            _describe_customer(about, at, x)


_describe_all = straight(_describe, 0)


def features_of(known: Known, batch: Batch, answers: Answers) -> NDArray[np.float32]:
    """(Q, k, F) of the candidates of the answers, which come with parts.

    What would say exactly which item it is, its place and its repeats, is rounded: trees would learn by heart what sold
    in the weeks that they were asked about.
    """
    out = np.empty((*answers.rows.shape, len(FEATURES)), np.float32)
    _describe_all(known, batch, answers, _own_room(batch), out)
    return out
