"""Tab-separated files of anybody's shop: a header line, then one purchase or click a line."""

from array import array
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recommender.training.numbers import Numbers
from recommender.training.transactions import NO_STORE, Transactions

BASKETS = ("customer_id", "basket_id", "item_id", "timestamp")
"""Columns of a file of purchases; `store_id` may follow."""

STORE = "store_id"

SESSIONS = ("session_id", "item_id", "timestamp")

DAY = 86_400

SECONDS_UNTIL = 1e11
"""A larger number than this cannot be seconds (the year 5138): it counts thousandths, millionths or billionths."""

FEWEST_SECONDS = 1e5
"""Where no number of a file of purchases is larger than this, they count days, or each customer's baskets: no shop's
log ends on the 2nd of January 1970, and as seconds all of it would have happened at once."""

LARGEST = 1e20
"""A number from here on is no time in any of these."""


class TableRefused(Exception):
    """The file cannot be read as asked. The message names file, line and what to do."""


def read_baskets(path: Path) -> Transactions:
    """Purchases: `customer_id basket_id item_id timestamp [store_id]`. Raises TableRefused.

    A timestamp may also be the number of a day, or of the customer's basket.
    """
    customers, baskets, items, stores = Numbers(), Numbers(), Numbers(), Numbers()
    columns, times = (array("i"), array("i"), array("i"), array("i")), array("d")
    for fields, at in _rows(path, BASKETS, STORE):
        customer, basket, item = fields[:3]
        columns[0].append(customers[customer])
        columns[1].append(baskets[f"{customer}\t{basket}"])
        columns[2].append(items[item])
        columns[3].append(stores[fields[4]] if len(fields) > 4 and fields[4] else NO_STORE)
        times.append(at)
    customer_n, basket_n, item_n, store_n = (np.array(column, np.int32) for column in columns)
    return Transactions(
        customers=customers.ids(),
        items=items.ids(),
        stores=stores.ids(),
        customer=customer_n,
        item=item_n,
        store=store_n,
        basket=basket_n,
        at=_of_days(_instants(times)),
    )


def of_sessions(path: Path) -> bool:
    """Whether the file's header is that of sessions. Raises TableRefused where it cannot be read."""
    return next(_lines(path), "").rstrip("\r\n").split("\t") == list(SESSIONS)


def read_sessions(path: Path) -> Transactions:
    """Clicks: `session_id item_id timestamp`. A session is customer and basket in one. Raises TableRefused.

    In the order of time, to which parts of a second count; what happened at one moment in the order of the file.
    """
    sessions, items = Numbers(), Numbers()
    columns, times = (array("i"), array("i")), array("d")
    for (session, item, _), at in _rows(path, SESSIONS):
        columns[0].append(sessions[session])
        columns[1].append(items[item])
        times.append(at)
    order = np.argsort(np.array(times, np.float64), kind="stable")
    session_n, item_n = (np.array(column, np.int32)[order] for column in columns)
    return Transactions(
        customers=sessions.ids(),
        items=items.ids(),
        stores=(),
        customer=session_n,
        item=item_n,
        store=np.full(len(times), NO_STORE, np.int32),
        basket=session_n,
        at=_instants(times)[order],
    )


def _rows(path: Path, columns: Sequence[str], optional: str = "") -> Iterator[tuple[list[str], float]]:
    """The fields of each line and its time in seconds. The timestamp is the last required column."""
    lines = _lines(path)
    header = next(lines, "").rstrip("\r\n").split("\t")
    if header != list(columns) and header != [*columns, optional]:
        shown = " ".join(columns) + (f" [{optional}]" if optional else "")
        raise TableRefused(f"{path}, line 1: the header must be {shown}, separated by tabs")
    for number, line in enumerate(lines, 2):
        if not line.strip():
            continue
        fields = line.rstrip("\r\n").split("\t")
        if len(fields) != len(header) or not all(fields[: len(columns)]):
            raise TableRefused(f"{path}, line {number}: {len(header)} filled fields are needed: {line.strip()[:80]!r}")
        yield fields, _seconds(fields[len(columns) - 1], path, number)


def _lines(path: Path) -> Iterator[str]:
    """A missing file and bytes that are not UTF-8 are the file's fault, and are said to be."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from file
    except (OSError, UnicodeDecodeError) as error:
        raise TableRefused(f"{path}: {error}") from error


def _instants(times: Sequence[float]) -> NDArray[np.int64]:
    """(L,) whole seconds. A column in which every number is a day such as 20261231 counts days, not seconds."""
    at = np.array(times, np.float64).astype(np.int64)
    year, rest = np.divmod(at, 10_000)
    month, day = np.divmod(rest, 100)
    days = (year >= 1900) & (year <= 2100) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    if not days.all():
        return at
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    dates = months.astype("datetime64[D]") + (day - 1)
    return np.asarray(dates.astype("datetime64[s]"), np.int64)


def _of_days(at: NDArray[np.int64]) -> NDArray[np.int64]:
    """(L,) seconds, of a column that counts days from some first one or each customer's baskets."""
    return at * DAY if int(at.max(initial=0)) < FEWEST_SECONDS else at


def _seconds(text: str, path: Path, number: int) -> float:
    try:
        value = float(text)
    except ValueError:
        return _moment(text, path, number)
    if not 0 <= value < LARGEST:
        raise TableRefused(f"{path}, line {number}: {text!r} is not a time after 1970")
    while value > SECONDS_UNTIL:
        value /= 1000
    return value


def _moment(text: str, path: Path, number: int) -> float:
    try:
        moment = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        raise TableRefused(
            f"{path}, line {number}: {text!r} is no timestamp; seconds since 1970 or 2026-12-31T23:59:59 are"
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
