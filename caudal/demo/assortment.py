"""The grocer's assortment as catalogue items, with names a person can read."""

from collections.abc import Iterable

import numpy as np

from caudal.demo.tables import Column, integers, table, texts
from retail.catalog import Item

COLUMNS = ["product_id", "department", "brand", "product_category", "product_type", "package_size"]

NO_GOODS = frozenset({"FUEL", "COUPON", ""})
"""Departments of the data set that nobody finds on a shelf."""

Described = tuple[int, str, str, str, str, str]
"""A row of the products table, in the order of COLUMNS."""


def read_items() -> dict[int, Item]:
    """Product number to item, without fuel and coupons."""
    products = table("products", COLUMNS)
    words = (texts(products, column) for column in COLUMNS[1:])
    rows: Iterable[Described] = zip(integers(products, "product_id").tolist(), *words, strict=True)
    return {row[0]: _item(row) for row in rows if row[1] not in NO_GOODS and "GASOLINE" not in row[4]}


def _item(row: Described) -> Item:
    number, department, brand, category, kind, size = row
    kind_name = _readable(kind) or _readable(category) or _readable(department)
    name = ", ".join(part for part in (kind_name, f"{brand} brand" if brand else "", size.strip()) if part)
    return Item(
        id=str(number),
        name=name,
        category=_readable(category),
        department=_readable(department),
        brand=brand,
    )


def _readable(shouted: str) -> str:
    """`FRZN MEAT/MEAT DINNERS` as `Frzn Meat/Meat Dinners`."""
    return " ".join(shouted.split()).title()


def numbers(items: Iterable[int]) -> Column:
    return np.fromiter(items, dtype=np.int64)
