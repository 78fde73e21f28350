"""What others did in sessions like this one, compiled: neighbours, followers, returns, and the best of all of them.

Sources: VMIS-kNN (SIGMOD 2022) with the position and time terms of STAN (Garg et al., SIGIR 2019), and sequential
rules (Ludewig and Jannach, 2018). Everything compiled stands in this module (see `compiled`).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommender.batch import Answers, Batch
from recommender.compiled import compiled, inlined
from recommender.session_index import SessionIndex, Tuning
from recommender.shelf import Shelf
from retail.customers import Interaction

VIEWED, ADDED = int(Interaction.VIEWED), int(Interaction.ADDED)

NEIGHBOURS, FOLLOWERS, AGAIN, TAIL = range(4)
"""Columns of a candidate's parts."""

PARTS = 4

FARTHEST = 30
"""Clicks on either side of the matching one that a neighbour votes for at most."""

LENGTHS, AGES = 128, 1024
"""Steps in which a session's length and age are told apart."""

STEPS = 64
"""Items of the asked session that are ever looked at."""


class Questions(NamedTuple):
    """Q sessions. rows: item rows, -1 where unknown, oldest first; session q is rows[first[q]:end[q]]."""

    rows: NDArray[np.int32]
    first: NDArray[np.int64]
    end: NDArray[np.int64]


class Found(NamedTuple):
    """The best for Q sessions, best first. rows: (Q, k), -1 behind the last. scores: (Q, k), 1 is most of one part.

    parts: (Q, k) the column with the largest share.
    """

    rows: NDArray[np.int32]
    scores: NDArray[np.float32]
    parts: NDArray[np.uint8]


class Desk(NamedTuple):
    """Scratch of one call. session_slots, item_slots: hash tables to number + 1, 0 is free. counts: (2,) of each.

    sessions, session_scores, matches: by number; matches: the matching click's place.
    rows, gains: by candidate; gains: (N, 4) by part. heap: numbers of the best sessions, the worst first.
    own, own_steps: the asked session's distinct items, the newest first, and how many steps back each is.
    fades: (FARTHEST + 1,) weight by distance. shares: (LENGTHS,) weight by a session's length; ages: (AGES,) by its
    place in the log, in that many steps. All three follow from the tuning.
    """

    session_slots: NDArray[np.int32]
    session_places: NDArray[np.int32]
    sessions: NDArray[np.int32]
    session_scores: NDArray[np.float32]
    matches: NDArray[np.int32]
    heap: NDArray[np.int32]
    item_slots: NDArray[np.int32]
    item_places: NDArray[np.int32]
    rows: NDArray[np.int32]
    gains: NDArray[np.float32]
    own: NDArray[np.int32]
    own_steps: NDArray[np.int32]
    fades: NDArray[np.float32]
    shares: NDArray[np.float32]
    ages: NDArray[np.float32]
    counts: NDArray[np.int64]


def desk(index: SessionIndex, tuning: Tuning) -> Desk:
    """Large enough for any question: bounded by the tuning and the index, whichever is smaller."""
    steps = min(int(tuning.last), STEPS)
    sessions = min(steps * int(tuning.newest), len(index.starts) - 1) + 1
    voting = min(int(tuning.neighbours), sessions)
    longest = min(int(np.diff(index.starts).max(initial=0)), 2 * FARTHEST + 1)
    items = min(voting * longest + 2 * int(np.diff(index.follow_starts).max(initial=0)) + STEPS, len(index.rarity)) + 1
    return Desk(
        session_slots=np.zeros(2 << sessions.bit_length(), np.int32),
        session_places=np.empty(sessions, np.int32),
        sessions=np.empty(sessions, np.int32),
        session_scores=np.empty(sessions, np.float32),
        matches=np.empty(sessions, np.int32),
        heap=np.empty(voting, np.int32),
        item_slots=np.zeros(2 << items.bit_length(), np.int32),
        item_places=np.empty(items, np.int32),
        rows=np.empty(items, np.int32),
        gains=np.empty((items, PARTS), np.float32),
        own=np.empty(STEPS, np.int32),
        own_steps=np.empty(STEPS, np.int32),
        fades=np.exp(-np.maximum(np.arange(FARTHEST + 1) - 1, 0) / tuning.reach).astype(np.float32),
        shares=(np.maximum(np.arange(LENGTHS), 1.0) ** -tuning.shortness).astype(np.float32),
        ages=np.exp((np.arange(AGES) / AGES - 1.0) / tuning.age).astype(np.float32),
        counts=np.zeros(2, np.int64),
    )


def places(questions: int, k: int) -> Found:
    shape = (questions, k)
    return Found(np.full(shape, -1, np.int32), np.zeros(shape, np.float32), np.zeros(shape, np.uint8))


@inlined
def _slot(slots: NDArray[np.int32], names: NDArray[np.int32], name: int) -> int:
    """Where the name is in the table, or the free place where it belongs."""
    mask = slots.size - 1
    slot = ((name * 2654435761) >> 8) & mask
    while slots[slot] != 0 and names[slots[slot] - 1] != name:
        slot = (slot + 1) & mask
    return int(slot)


@inlined
def _candidate(desk: Desk, row: int) -> int:
    slot = _slot(desk.item_slots, desk.rows, row)
    if desk.item_slots[slot] != 0:
        return int(desk.item_slots[slot] - 1)
    number = desk.counts[1]
    desk.counts[1] = number + 1
    desk.item_slots[slot] = number + 1
    desk.item_places[number] = slot
    desk.rows[number] = row
    for part in range(PARTS):
        desk.gains[number, part] = 0.0
    return int(number)


@compiled
def _own(questions: Questions, q: int, desk: Desk) -> int:
    """The distinct known items of the session into `own`, the newest first; how many."""
    held = 0
    for place in range(questions.end[q] - 1, max(questions.first[q], questions.end[q] - STEPS) - 1, -1):
        row = questions.rows[place]
        known = row < 0
        for other in range(held):
            known = known or desk.own[other] == row
        if not known:
            desk.own[held] = row
            desk.own_steps[held] = questions.end[q] - 1 - place
            held += 1
    return held


@compiled
def _meet(index: SessionIndex, tuning: Tuning, desk: Desk, own: int) -> None:
    """Every session that shares an item gets that item's weight; the newest shared item is where they meet."""
    for n in range(own):
        if desk.own_steps[n] >= tuning.last:
            break
        row = desk.own[n]
        weight = math.exp(-desk.own_steps[n] / tuning.fading) * (1.0 + tuning.rarity * index.rarity[row])
        first = index.entry_starts[row]
        for entry in range(first, min(index.entry_starts[row + 1], first + np.int64(tuning.newest))):
            slot = _slot(desk.session_slots, desk.sessions, index.entries[entry])
            number = desk.session_slots[slot] - 1
            if number < 0:
                number = desk.counts[0]
                desk.counts[0] = number + 1
                desk.session_slots[slot] = number + 1
                desk.session_places[number] = slot
                desk.sessions[number] = index.entries[entry]
                desk.session_scores[number] = weight
                desk.matches[number] = index.places[entry]
            else:
                desk.session_scores[number] += weight


@compiled
def _settle(index: SessionIndex, desk: Desk) -> None:
    """The scores by length and age."""
    sessions = index.starts.size - 1
    for number in range(desk.counts[0]):
        session = desk.sessions[number]
        length = min(index.starts[session + 1] - index.starts[session], LENGTHS - 1)
        desk.session_scores[number] *= desk.shares[length] * desk.ages[np.int64(session) * AGES // sessions]


@inlined
def _worse(desk: Desk, left: int, right: int) -> bool:
    """Equal scores: the older session is the worse."""
    first, second = desk.session_scores[left], desk.session_scores[right]
    return bool(first < second or (first == second and desk.sessions[left] < desk.sessions[right]))


@inlined
def _sink(desk: Desk, place: int, size: int) -> None:
    number = desk.heap[place]
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and _worse(desk, desk.heap[child + 1], desk.heap[child]):
            child += 1
        if not _worse(desk, desk.heap[child], number):
            break
        desk.heap[place] = desk.heap[child]
        place = child
    desk.heap[place] = number


@compiled
def _choose(desk: Desk) -> int:
    """The best sessions into the heap; how many."""
    met = desk.counts[0]
    size = min(met, desk.heap.size)
    for number in range(size):
        desk.heap[number] = number
    if met <= size or size == 0:
        return int(size)
    for place in range(size // 2 - 1, -1, -1):
        _sink(desk, place, size)
    for number in range(size, met):
        if _worse(desk, desk.heap[0], number):
            desk.heap[0] = number
            _sink(desk, 0, size)
    return int(size)


@compiled
def _vote(index: SessionIndex, tuning: Tuning, desk: Desk, size: int) -> None:
    """Each neighbour votes for what stands near the click where it met the asked session."""
    for h in range(size):
        number = desk.heap[h]
        session, match, score = desk.sessions[number], desk.matches[number], desk.session_scores[number]
        for place in range(
            max(index.starts[session], match - FARTHEST), min(index.starts[session + 1], match + FARTHEST + 1)
        ):
            if place != match:
                fade = desk.fades[place - match] if place > match else tuning.backward * desk.fades[match - place]
                row = index.clicks[place]
                gain = score * fade * (1.0 + tuning.rarity_voted * index.rarity[row])
                desk.gains[_candidate(desk, row), NEIGHBOURS] += gain


@compiled
def _follow(index: SessionIndex, tuning: Tuning, desk: Desk, own: int) -> None:
    """What came next after the newest item, and after the one before it."""
    for n in range(min(own, 2)):
        weight = 1.0 if n == 0 else tuning.follow_second
        if weight > 0.0:
            for place in range(index.follow_starts[desk.own[n]], index.follow_starts[desk.own[n] + 1]):
                gain = weight * index.follow_weights[place]
                desk.gains[_candidate(desk, index.followers[place]), FOLLOWERS] += gain


@compiled
def _return(tuning: Tuning, desk: Desk, own: int) -> None:
    """Items of the session itself: votes count `seen` of their worth, and returning has its own weight."""
    for n in range(own):
        steps = desk.own_steps[n]
        number = _candidate(desk, desk.own[n])
        desk.gains[number, NEIGHBOURS] *= tuning.seen
        fading = math.exp(-(steps - 1) / tuning.again_fading)
        desk.gains[number, AGAIN] = tuning.current if steps == 0 else tuning.again * fading


@compiled
def _blend(index: SessionIndex, tuning: Tuning, desk: Desk) -> None:
    """Neighbours and followers to 1 at most, then weighted."""
    most_voted, most_following = np.float32(0.0), np.float32(0.0)
    for number in range(desk.counts[1]):
        most_voted = max(most_voted, desk.gains[number, NEIGHBOURS])
        most_following = max(most_following, desk.gains[number, FOLLOWERS])
    voted = 1.0 / most_voted if most_voted > 0.0 else 0.0
    following = tuning.follow / most_following if most_following > 0.0 else 0.0
    for number in range(desk.counts[1]):
        desk.gains[number, NEIGHBOURS] *= voted
        desk.gains[number, FOLLOWERS] *= following
        desk.gains[number, TAIL] = tuning.popular * index.popularity[desk.rows[number]]


@compiled
def _rank(desk: Desk, barred: int, q: int, found: Found) -> None:
    """The k best in one pass, never the row `barred`; equal scores go by item row, the more popular first."""
    rows, scores, parts = found.rows[q], found.scores[q], found.parts[q]
    limit, held = rows.size, 0
    for number in range(desk.counts[1]):
        row, score, best = desk.rows[number], np.float32(0.0), 0
        if row == barred:
            continue
        for part in range(PARTS):
            score += desk.gains[number, part]
            if desk.gains[number, part] > desk.gains[number, best]:
                best = part
        if held == limit and (score < scores[held - 1] or (score == scores[held - 1] and row > rows[held - 1])):
            continue
        at = min(held, limit - 1)
        while at > 0 and (score > scores[at - 1] or (score == scores[at - 1] and row < rows[at - 1])):
            scores[at], rows[at], parts[at] = scores[at - 1], rows[at - 1], parts[at - 1]
            at -= 1
        scores[at], rows[at], parts[at] = score, row, best
        held = min(held + 1, limit)
    rows[held:] = -1


@compiled
def _clear(desk: Desk) -> None:
    """Only what was written: the tables are mostly empty."""
    for number in range(desk.counts[0]):
        desk.session_slots[desk.session_places[number]] = 0
    for number in range(desk.counts[1]):
        desk.item_slots[desk.item_places[number]] = 0


@compiled
def follow_up(index: SessionIndex, tuning: Tuning, questions: Questions, desk: Desk, found: Found) -> None:
    """Fills `found` with what comes next in each of the sessions."""
    for q in range(questions.first.size):
        desk.counts[:] = 0
        own = _own(questions, q, desk)
        _meet(index, tuning, desk, own)
        _settle(index, desk)
        _vote(index, tuning, desk, _choose(desk))
        _follow(index, tuning, desk, own)
        _return(tuning, desk, own)
        _blend(index, tuning, desk)
        barred = desk.own[0] if own > 0 and tuning.current < 0.0 and desk.own_steps[0] == 0 else -1
        _rank(desk, barred, q, found)
        _clear(desk)


@inlined
def _find(shelf: Shelf, key: np.uint64) -> int:
    """The row of an item key, -1 where the model does not know it."""
    bucket = np.int64(key >> shelf.shift)
    for place in range(shelf.starts[bucket], shelf.starts[bucket + 1]):
        if shelf.keys[place] == key:
            return int(shelf.rows[place])
    return -1


@compiled
def gather(
    shelf: Shelf, batch: Batch, gap: float, into: tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]
) -> int:
    """Current sessions: what was looked at or put into the cart without a pause longer than `gap` seconds until now.

    into: (Q, STEPS) item rows, oldest first; (Q,) how many; (Q,) whose. Returns how many customers are in a session
    with an item that the model knows; only so many lines are filled.
    """
    rows, lengths, who = into
    asking = 0
    for q in range(batch.at.size):
        start, end = batch.history_starts[q], batch.history_starts[q + 1]
        first, newest = end, batch.at[q]
        while first > max(start, end - STEPS) and newest - np.int64(batch.history[first - 1]["at"]) <= gap:
            newest = np.int64(batch.history[first - 1]["at"])
            first -= 1
        length, known = 0, False
        for place in range(first, end):
            kind = batch.history[place]["kind"]
            if kind in (VIEWED, ADDED):
                rows[asking, length] = _find(shelf, batch.history[place]["item"])
                known = known or rows[asking, length] >= 0
                length += 1
        if known:
            lengths[asking], who[asking] = length, q
            asking += 1
    return asking


@inlined
def _insert(answers: Answers, q: int, at: int, entry: tuple[int, np.float32, int, int]) -> None:
    """Upwards from place `at`, which is free, to where the score belongs; equal ones go by item row."""
    rows, scores = answers.rows[q], answers.scores[q]
    row, score, source, evidence = entry
    while at > 0 and (score > scores[at - 1] or (score == scores[at - 1] and row < rows[at - 1])):
        rows[at], scores[at] = rows[at - 1], scores[at - 1]
        answers.sources[q, at], answers.evidence[q, at] = answers.sources[q, at - 1], answers.evidence[q, at - 1]
        at -= 1
    rows[at], scores[at] = row, score
    answers.sources[q, at], answers.evidence[q, at] = source, evidence


@compiled
def merge(
    questions: Questions, who: NDArray[np.int64], found: Found, terms: tuple[float, int], answers: Answers
) -> None:
    """Adds what was found to the answers. terms: weight of the best found; code of the first part."""
    weight, code = terms
    for n in range(who.size):
        q, newest = who[n], questions.rows[questions.end[n] - 1]
        factor = np.float32(weight / found.scores[n, 0]) if found.scores[n, 0] > 0.0 else np.float32(0.0)
        for k in range(found.rows.shape[1]):
            row, part = found.rows[n, k], found.parts[n, k]
            score = np.float32(factor * found.scores[n, k])
            if row < 0 or part == TAIL or score <= 0.0:
                continue
            evidence = row if part == AGAIN else newest
            source = code + part
            at = 0
            while at < answers.counts[q] and answers.rows[q, at] != row:
                at += 1
            if at < answers.counts[q]:
                if answers.scores[q, at] > score:
                    source, evidence = answers.sources[q, at], answers.evidence[q, at]
                score += answers.scores[q, at]
            elif answers.counts[q] < answers.rows.shape[1]:
                answers.counts[q] += 1
            elif score > answers.scores[q, at - 1]:
                at -= 1
            else:
                continue
            _insert(answers, q, at, (row, score, source, evidence))
