"""What others did in sessions like this one, compiled: neighbours, followers, returns, and the best of all of them.

Sources: VMIS-kNN (SIGMOD 2022) with the position and time terms of STAN (Garg et al., SIGIR 2019), and sequential
rules (Ludewig and Jannach, 2018). Everything compiled stands in this module (see `compiled`).
"""

import math

import numpy as np
from numpy.typing import NDArray

from recommender.compiled import compiled, inlined
from recommender.session_desk import (
    AGAIN,
    END,
    FARTHEST,
    FINE,
    FIRST,
    FOLLOWERS,
    GRADES,
    NEIGHBOURS,
    PARTS,
    STEPS,
    TAIL,
    TOUCHED,
    Desk,
    Found,
    Questions,
)
from recommender.session_index import SessionIndex, Tuning


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
def _settle(desk: Desk) -> None:
    """The scores by length and age."""
    for number in range(desk.counts[0]):
        desk.session_scores[number] *= desk.worths[desk.sessions[number]]


@inlined
def _worse(desk: Desk, left: int, right: int) -> bool:
    """Equal scores: the older session is the worse."""
    first, second = desk.session_scores[left], desk.session_scores[right]
    return bool(first < second or (first == second and desk.sessions[left] < desk.sessions[right]))


@inlined
def _sink(desk: Desk, heap: NDArray[np.int32], place: int, size: int) -> None:
    number = heap[place]
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and _worse(desk, heap[child + 1], heap[child]):
            child += 1
        if not _worse(desk, heap[child], number):
            break
        heap[place] = heap[child]
        place = child
    heap[place] = number


@compiled
def _grade(desk: Desk, tally: NDArray[np.int32]) -> None:
    """The grade of each score, the best being 0, and how many have each.

    A grade is the leading bits of a score, which is positive: a power of two and a 128th of it.
    """
    met, bits = desk.counts[0], desk.session_scores.view(np.int32)
    largest = np.int32(0)
    for number in range(met):
        largest = max(largest, bits[number])
    tally[:] = 0
    for number in range(met):
        grade = min((largest >> FINE) - (bits[number] >> FINE), GRADES - 1)
        desk.grades[number] = grade
        tally[grade] += 1


@compiled
def choose(desk: Desk) -> int:
    """The best sessions into `chosen`; how many. Only those of the grade in which the places run out are compared."""
    met, chosen = desk.counts[0], desk.chosen
    size = min(met, chosen.size)
    if met == size:
        for number in range(size):
            chosen[number] = number
        return int(size)
    tally = np.empty(GRADES, np.int32)
    _grade(desk, tally)
    last, above = 0, 0
    while above + tally[last] <= size:
        above += tally[last]
        last += 1
    heap, taken, held = chosen[above:size], 0, 0
    for number in range(met):
        grade = desk.grades[number]
        if grade < last:
            chosen[taken] = number
            taken += 1
        elif grade == last and held < heap.size:
            heap[held] = number
            held += 1
            if held == heap.size:
                for place in range(held // 2 - 1, -1, -1):
                    _sink(desk, heap, place, held)
        elif grade == last and held > 0 and _worse(desk, heap[0], number):
            heap[0] = number
            _sink(desk, heap, 0, held)
    return int(size)


@compiled
def _look_up(index: SessionIndex, desk: Desk, size: int) -> None:
    """Where each neighbour votes. A million sessions lie in memory far apart: asked for in a loop that does nothing
    else, many are on their way at once, and the votes find them near. That halves the time of the votes."""
    for h in range(size):
        number = desk.chosen[h]
        session, match = desk.sessions[number], desk.matches[number]
        first = max(index.starts[session], match - FARTHEST)
        desk.windows[h, FIRST], desk.windows[h, END] = first, min(index.starts[session + 1], match + FARTHEST + 1)
    for h in range(size):
        desk.windows[h, TOUCHED] = index.clicks[desk.windows[h, FIRST]]


@compiled
def _vote(index: SessionIndex, tuning: Tuning, desk: Desk, size: int) -> None:
    """Each neighbour votes for what stands near the click where it met the asked session."""
    _look_up(index, desk, size)
    for h in range(size):
        number = desk.chosen[h]
        match, score = desk.matches[number], desk.session_scores[number]
        for place in range(desk.windows[h, FIRST], desk.windows[h, END]):
            if place != match:
                fade = desk.fades[place - match] if place > match else tuning.backward * desk.fades[match - place]
                row = index.clicks[place]
                gain = score * fade
                if tuning.rarity_voted != 0.0:  # Else a read of what is seldom in the caches is saved.
                    gain *= 1.0 + tuning.rarity_voted * index.rarity[row]
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
        _settle(desk)
        _vote(index, tuning, desk, choose(desk))
        _follow(index, tuning, desk, own)
        _return(tuning, desk, own)
        _blend(index, tuning, desk)
        barred = desk.own[0] if own > 0 and tuning.current < 0.0 and desk.own_steps[0] == 0 else -1
        _rank(desk, barred, q, found)
        _clear(desk)
