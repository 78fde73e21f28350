"""Slates as JSON, written by compiled code straight from the kernel's answers: the bytes that `retail.slates` makes.

A worker makes a slate for every changed customer and only stores it: ten objects a slate, made to be encoded at once,
would cost as much as ranking.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from recommender.batch import SOURCE_OF_CODE, Answers
from recommender.compiled import compiled, inlined
from recommender.filters import REASONS
from recommender.sieve import Left

ITEM, SCORE, BECAUSE, QUOTE_END, NEXT, ITEMS, END, DROPPED = range(8)
"""Places of the fixed parts among the words; sources follow, CLOSED, then reasons."""

FIXED = ('{"item":"', '","score":', ',"because":"', '"}', ",", '"items":[', "]", ',"dropped":[')
CLOSED = "}"
FIRST_SOURCE = len(FIXED)
CLOSE = FIRST_SOURCE + len(SOURCE_OF_CODE)
FIRST_REASON = CLOSE + 1

LONGEST_WORDS = 90
"""Bytes around the id and the longest word of one entry, at most, its score included."""

TICKS = 10_000
"""Scores are told to four decimals."""


class Texts(NamedTuple):
    """Texts end to end, in UTF-8 as JSON writes them; text n is letters[starts[n]:starts[n + 1]]."""

    letters: NDArray[np.uint8]
    starts: NDArray[np.int64]


def texts_of(parts: Sequence[bytes]) -> Texts:
    starts = np.array([0, *accumulate(map(len, parts))], np.int64)
    return Texts(np.frombuffer(b"".join(parts), np.uint8), starts)


def item_texts(items: Sequence[str]) -> Texts:
    """The ids by row, escaped, without their quotes."""
    encode = msgspec.json.Encoder().encode
    return texts_of([encode(item)[1:-1] for item in items])


@lru_cache(maxsize=16)
def _words(reasons: tuple[str, ...]) -> Texts:
    encode = msgspec.json.Encoder().encode
    sources = (f',"source":"{source}"'.encode() for source in SOURCE_OF_CODE)
    told = (b'","reason":"' + encode(reason)[1:-1] for reason in reasons)
    return texts_of([*(part.encode() for part in FIXED), *sources, CLOSED.encode(), *told])


def write_slates(ids: Texts, answers: Answers, left: Left, reasons: tuple[str, ...] = REASONS) -> list[bytes]:
    """Per customer the members `items` and, where something was dropped, `dropped`, without the braces around.

    reasons: by the codes of `left`.
    """
    words = _words(reasons)
    longest = int(np.diff(ids.starts).max(initial=0)) + int(np.diff(words.starts).max())
    entries = 2 * answers.counts.astype(np.int64) + left.counts
    room = int(entries.sum()) * (longest + LONGEST_WORDS) + len(entries) * LONGEST_WORDS
    page, ends = np.empty(room, np.uint8), np.empty(len(entries), np.int64)
    _write(ids, words, answers, left, Page(page, ends))
    written = page[: ends[-1]].tobytes()
    bounds = ends.tolist()
    return [written[start:end] for start, end in zip([0, *bounds[:-1]], bounds, strict=True)]


class Page(NamedTuple):
    """Where it is written to. ends: (Q,) behind each customer's part."""

    letters: NDArray[np.uint8]
    ends: NDArray[np.int64]


@inlined
def _put(page: Page, at: int, texts: Texts, number: int) -> int:
    first = texts.starts[number]
    length = texts.starts[number + 1] - first
    for n in range(length):
        page.letters[at + n] = texts.letters[first + n]
    return int(at + length)


@inlined
def _put_score(page: Page, at: int, score: np.float32) -> int:
    """As the shortest text of the number rounded to four decimals, one decimal at least."""
    ticks = np.int64(np.rint(np.float64(score) * TICKS))
    whole, rest, unit = ticks // TICKS, ticks % TICKS, np.int64(1)
    while whole // unit >= 10:
        unit *= 10
    while unit > 0:
        page.letters[at] = 48 + (whole // unit) % 10
        at, unit = at + 1, unit // 10
    page.letters[at] = 46
    at, unit = at + 1, np.int64(TICKS // 10)
    while True:
        page.letters[at] = 48 + (rest // unit) % 10
        at, rest, unit = at + 1, rest % unit, unit // 10
        if rest == 0:
            return int(at)


@inlined
def _put_kept(ids: Texts, words: Texts, answers: Answers, q: int, page: Page, at: int) -> int:  # noqa: PLR0913
    at = _put(page, at, words, ITEMS)
    for place in range(answers.counts[q]):
        at = _put(page, at, words, NEXT) if place else at
        at = _put(page, at, words, ITEM)
        at = _put(page, at, ids, answers.rows[q, place])
        at = _put(page, at, words, SCORE)
        at = _put_score(page, at, answers.scores[q, place])
        at = _put(page, at, words, FIRST_SOURCE + answers.sources[q, place])
        own = answers.evidence[q, place]
        if own >= 0 and ids.starts[own] < ids.starts[own + 1]:
            at = _put(page, at, words, BECAUSE)
            at = _put(page, at, ids, own)
            at = _put(page, at, words, QUOTE_END)
        else:
            at = _put(page, at, words, CLOSE)
    return _put(page, at, words, END)


@compiled
def _write(ids: Texts, words: Texts, answers: Answers, left: Left, page: Page) -> None:
    at = 0
    for q in range(answers.counts.size):
        at = _put_kept(ids, words, answers, q, page, at)
        for place in range(left.counts[q]):
            at = _put(page, at, words, NEXT if place else DROPPED)
            at = _put(page, at, words, ITEM)
            at = _put(page, at, ids, left.rows[q, place])
            at = _put(page, at, words, FIRST_REASON + left.codes[q, place])
            at = _put(page, at, words, QUOTE_END)
        if left.counts[q] > 0:
            at = _put(page, at, words, END)
        page.ends[q] = at
