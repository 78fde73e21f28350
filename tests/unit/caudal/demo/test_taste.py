"""Hit rates are counted on what was really bought."""

import numpy as np

from caudal.demo.receipts import Receipt, Receipts
from caudal.demo.taste import Taste, best_sellers, measurable


def basket(*items: int, number: int = 1) -> Receipt:
    ones = np.ones(len(items), np.int32)
    return Receipt(number, 7, 367, 0, np.array(items, np.int32), ones, ones)


def receipts(*baskets: tuple[int, ...]) -> Receipts:
    items = np.array([item for items in baskets for item in items], np.int32)
    heads = np.arange(len(baskets))
    starts = np.cumsum([0, *(len(items) for items in baskets)])
    return Receipts(heads, heads, heads, heads, starts, items, np.ones_like(items), np.ones_like(items))


def test_a_slate_hits_when_anything_on_it_was_bought() -> None:
    taste = Taste(popular=("9",))
    taste.judge(basket(1, 2, 3), {"3", "4"})
    taste.judge(basket(1, 2, 9), {"4"})
    assert (taste.hit_rate, taste.popular_hit_rate) == (0.5, 0.5)


def test_before_any_basket_nothing_was_hit() -> None:
    assert Taste(popular=()).hit_rate == 0.0


def test_best_sellers_are_counted_by_baskets_and_the_smaller_number_breaks_ties() -> None:
    assert best_sellers(receipts((1, 2), (2, 3), (2, 1))) == ("2", "1", "3")


def test_small_baskets_are_not_measured() -> None:
    assert measurable(basket(1, 2, 3))
    assert not measurable(basket(1, 1, 2))
