"""The arithmetic of a micro-batch of slates, compiled: candidates, their scores by source, the best of them.

One call answers Q customers over ragged arrays. Everything compiled stands in this module (see `compiled`).
Source of the fold-in: Hu, Koren and Volinsky 2008, equation 4, by the push-through identity.
"""

import math

import numpy as np
from numpy.typing import NDArray

from recommender.batch import (
    BOUGHT_BEFORE,
    POPULAR,
    POPULAR_HERE,
    REMOVED,
    SEEN_TOGETHER,
    SOURCES,
    TASTE,
    Answers,
    Batch,
    Pad,
    Weights,
)
from recommender.compiled import compiled, inlined, inlined_fast
from recommender.shelf import Shelf


@inlined
def find(shelf: Shelf, key: np.uint64) -> int:
    """The row of an item key, -1 where the model does not know it."""
    bucket = np.int64(key >> shelf.shift)
    for place in range(shelf.starts[bucket], shelf.starts[bucket + 1]):
        if shelf.keys[place] == key:
            return int(shelf.rows[place])
    return -1


@inlined
def _candidate(pad: Pad, row: int) -> int:
    """The candidate number of an item row, a new one where it had none."""
    mask = pad.slots.size - 1
    slot = ((row * 2654435761) >> 8) & mask
    while pad.slots[slot] != 0:
        number = pad.slots[slot] - 1
        if pad.rows[number] == row:
            return int(number)
        slot = (slot + 1) & mask
    number = pad.filled[0]
    pad.filled[0] = number + 1
    pad.slots[slot] = number + 1
    pad.rows[number] = row
    pad.strongest[number] = 0.0
    for source in range(SOURCES):
        pad.origins[number, source] = -1
        pad.parts[number, source] = 0.0
    return int(number)


@compiled
def _add_habits(shelf: Shelf, batch: Batch, q: int, weights: Weights, pad: Pad) -> None:
    """Repeat counters, decayed until now."""
    for i in range(batch.habit_starts[q], batch.habit_starts[q + 1]):
        habit = batch.habits[i]
        row = find(shelf, habit["item"])
        if row >= 0:
            age = max(0, batch.at[q] - np.int64(habit["last"]))
            number = _candidate(pad, row)
            pad.origins[number, BOUGHT_BEFORE] = row
            pad.parts[number, BOUGHT_BEFORE] += habit["value"] * math.exp(-age / weights.habit_decay)


@compiled
def _gather_seeds(shelf: Shelf, batch: Batch, q: int, weights: Weights, pad: Pad) -> int:
    """The newest distinct items of the history; one that was taken out again keeps its place without weight."""
    found = 0
    weight = 1.0
    for i in range(batch.history_starts[q + 1] - 1, batch.history_starts[q] - 1, -1):
        if found == weights.seeds:
            break
        row = find(shelf, batch.history[i]["item"])
        seen = row < 0
        for known in range(found):
            seen = seen or pad.seeds[known] == row
        if seen:
            continue
        pad.seeds[found] = row
        pad.seed_weights[found] = 0.0 if batch.history[i]["kind"] == REMOVED else weight
        weight *= weights.seed_decay
        found += 1
    return found


@compiled
def _pull(batch: Batch, q: int, weights: Weights) -> float:
    """How much the newest interactions still say: 1 just after them, `stale` long after."""
    last = batch.history_starts[q + 1] - 1
    if last < batch.history_starts[q]:
        return weights.stale
    age = max(0, batch.at[q] - np.int64(batch.history[last]["at"]))
    return weights.stale + (1.0 - weights.stale) * math.exp(-age / weights.fresh)


@compiled
def _add_together(shelf: Shelf, seeds: int, pad: Pad) -> None:
    """Neighbours of the seeds; the seed that brings most is the evidence."""
    for s in range(seeds):
        seed = pad.seeds[s]
        for n in range(shelf.together.shape[1]):
            gain = pad.seed_weights[s] * shelf.together_weights[seed, n]
            if gain <= 0.0:
                break
            number = _candidate(pad, shelf.together[seed, n])
            pad.parts[number, SEEN_TOGETHER] += gain
            if gain > pad.strongest[number]:
                pad.strongest[number] = gain
                pad.origins[number, SEEN_TOGETHER] = seed


@compiled
def _gather_basis(habits: int, seeds: int, weights: Weights, pad: Pad) -> int:
    """The strongest habits (the first `habits` candidates); each seed that is not among them joins, newest first."""
    held = 0
    for number in range(habits):
        held = _keep_best(pad, pad.rows[number], pad.parts[number, BOUGHT_BEFORE], held, weights.basis)
    for s in range(seeds):
        new = pad.seed_weights[s] > 0.0
        for b in range(held):
            new = new and pad.basis[b] != pad.seeds[s]
        if new:
            held = _keep_best(pad, pad.seeds[s], pad.seed_weights[s], held, weights.basis)
    return held


@inlined
def _keep_best(pad: Pad, row: int, value: float, held: int, limit: int) -> int:
    """Inserts into the basis in falling order of value; the row decides ties."""
    if held == limit and not (limit > 0 and value > pad.values[held - 1]):
        return held
    at = min(held, limit - 1)
    while at > 0 and (value > pad.values[at - 1] or (value == pad.values[at - 1] and row < pad.basis[at - 1])):
        pad.values[at], pad.basis[at] = pad.values[at - 1], pad.basis[at - 1]
        at -= 1
    pad.values[at], pad.basis[at] = value, row
    return min(held + 1, limit)


@inlined_fast
def _dot(left: NDArray[np.float32], right: NDArray[np.float32]) -> np.float32:
    total = np.float32(0.0)
    for k in range(left.size):
        total += left[k] * right[k]
    return total


@inlined_fast
def _coarse_dot(left: NDArray[np.float32], codes: NDArray[np.int8]) -> np.float32:
    total = np.float32(0.0)
    for k in range(left.size):
        total += left[k] * np.float32(codes[k])
    return total


@compiled
def _solve(gram: NDArray[np.float32], side: NDArray[np.float32], n: int) -> None:
    """Makes side gram^-1 side, by Cholesky; gram (n, n) is symmetric, at least the identity, and is spent."""
    for j in range(n):
        gram[j, j] = math.sqrt(gram[j, j] - _dot(gram[j, :j], gram[j, :j]))
        for i in range(j + 1, n):
            gram[i, j] = (gram[i, j] - _dot(gram[i, :j], gram[j, :j])) / gram[j, j]
        side[j] = (side[j] - _dot(gram[j, :j], side[:j])) / gram[j, j]
    for j in range(n - 1, -1, -1):
        side[j] /= gram[j, j]
        for i in range(j):
            side[i] -= gram[j, i] * side[j]


@compiled
def fold_in(shelf: Shelf, pad: Pad, n: int) -> None:
    """Makes pad.taste the customer's factors from basis[:n] with confidences values[:n] >= 1, exactly.

    x = (A + Y'DY)^-1 Y'c with A = YtY + regularization, D = C - I. With G = Y A^-1 Y' and T = D^1/2 this is
    A^-1 Y' (c - T (I + TGT)^-1 T G c): a system of n unknowns instead of K.
    """
    for i in range(n):
        for j in range(i + 1):
            product = _dot(shelf.factors[pad.basis[i]], shelf.aids[pad.basis[j]])
            pad.gram[i, j] = product
            pad.gram[j, i] = product
    for i in range(n):
        pad.solution[i] = math.sqrt(pad.values[i] - 1.0) * _dot(pad.gram[i, :n], pad.values[:n])
    for i in range(n):
        for j in range(i + 1):
            pad.gram[i, j] *= math.sqrt((pad.values[i] - 1.0) * (pad.values[j] - 1.0))
        pad.gram[i, i] += 1.0
    _solve(pad.gram, pad.solution, n)
    pad.taste[:] = 0.0
    for i in range(n):
        share = pad.values[i] - math.sqrt(pad.values[i] - 1.0) * pad.solution[i]
        for k in range(pad.taste.size):
            pad.taste[k] += share * shelf.aids[pad.basis[i], k]


@compiled
def _add_kin(shelf: Shelf, basis: int, weights: Weights, pad: Pad) -> None:
    """Items alike to the strongest of the basis become candidates, with that one as evidence."""
    for b in range(min(basis, weights.kin)):
        for n in range(shelf.alike.shape[1]):
            if shelf.alike_weights[pad.basis[b], n] <= 0.0:
                break
            number = _candidate(pad, shelf.alike[pad.basis[b], n])
            if pad.origins[number, TASTE] < 0:
                pad.origins[number, TASTE] = pad.basis[b]


@compiled
def _add_popular(shelf: Shelf, batch: Batch, q: int, weights: Weights, pad: Pad) -> None:
    store = batch.store[q]
    if store >= 0:
        for e in range(shelf.here_starts[store], shelf.here_starts[store + 1]):
            pad.parts[_candidate(pad, shelf.here[e]), POPULAR_HERE] = shelf.here_weights[e]
    for row in range(min(weights.popular_depth, shelf.keys.size)):
        _candidate(pad, row)
    for row in batch.offered:
        _candidate(pad, row)


@compiled
def _weigh(shelf: Shelf, basis: int, weights: Weights, pull: float, pad: Pad) -> None:
    """Completes the parts, and finds the factor of each source: its weight over its largest part."""
    for number in range(pad.filled[0]):
        row = pad.rows[number]
        pad.parts[number, POPULAR] = shelf.popularity[row]
        if basis > 0:
            liking = shelf.scales[row] * _coarse_dot(pad.taste, shelf.codes[row])
            pad.parts[number, TASTE] = max(liking, np.float32(0.0))
    for source in range(SOURCES):
        largest = np.float32(0.0)
        for number in range(pad.filled[0]):
            largest = max(largest, pad.parts[number, source])
        weight = weights.parts[source] * (pull if source == SEEN_TOGETHER else 1.0)
        doubt = weights.doubt if source == BOUGHT_BEFORE else 0.0
        pad.factors[source] = weight / (largest + doubt) if largest > 0.0 else 0.0


@compiled
def _rank(pad: Pad, q: int, out: Answers) -> None:
    """The k best in one pass; equal scores go by item row, the more popular first."""
    rows, scores, chosen = out.rows[q], out.scores[q], out.evidence[q]
    limit, held = rows.size, 0
    for number in range(pad.filled[0]):
        row, score = pad.rows[number], np.float32(0.0)
        for source in range(SOURCES):
            score += pad.parts[number, source] * pad.factors[source]
        if held == limit and (score < scores[held - 1] or (score == scores[held - 1] and row > rows[held - 1])):
            continue
        at = min(held, limit - 1)
        while at > 0 and (score > scores[at - 1] or (score == scores[at - 1] and row < rows[at - 1])):
            scores[at], rows[at], chosen[at] = scores[at - 1], rows[at - 1], chosen[at - 1]
            at -= 1
        scores[at], rows[at], chosen[at] = score, row, number
        held = min(held + 1, limit)
    out.counts[q] = held


@compiled
def _explain(pad: Pad, q: int, out: Answers) -> None:
    """The source with the largest share, and the own item behind it; evidence holds candidate numbers until here."""
    for place in range(out.counts[q]):
        number = out.evidence[q, place]
        best, most = POPULAR, np.float32(0.0)
        for source in range(SOURCES):
            share = pad.parts[number, source] * pad.factors[source]
            if share > most:
                best, most = source, share
        out.sources[q, place], out.evidence[q, place] = best, pad.origins[number, best]
        if out.parts.shape[1] > 0:
            out.parts[q, place] = pad.parts[number]


@compiled
def answer(shelf: Shelf, batch: Batch, weights: Weights, pad: Pad, out: Answers) -> None:
    """Fills `out` for all customers of the batch."""
    for q in range(batch.at.size):
        pad.slots[:], pad.filled[0] = 0, 0
        _add_habits(shelf, batch, q, weights, pad)
        habits = pad.filled[0]
        seeds = _gather_seeds(shelf, batch, q, weights, pad)
        basis = _gather_basis(habits, seeds, weights, pad) if weights.parts[TASTE] > 0.0 else 0
        _add_together(shelf, seeds, pad)
        if basis > 0:
            for b in range(basis):
                pad.values[b] = 1.0 + shelf.alpha[0] * pad.values[b]
            fold_in(shelf, pad, basis)
            _add_kin(shelf, basis, weights, pad)
        _add_popular(shelf, batch, q, weights, pad)
        _weigh(shelf, basis, weights, _pull(batch, q, weights), pad)
        _rank(pad, q, out)
        _explain(pad, q, out)
        out.known[q] = habits + seeds
