from hypothesis import given
from hypothesis import strategies as some

from retail.catalog import Item
from retail.reference import Reference

items = some.builds(
    Item,
    id=some.sampled_from("abc"),
    ingredients=some.sampled_from([None, (), ("milk",)]),
    allergens=some.sampled_from([(), ("milk",)]),
)


@given(some.lists(items), some.lists(some.tuples(some.sampled_from("abc"), some.none() | items)))
def test_how_many_items_tell_what_is_in_them_is_kept_up(
    first: list[Item], changes: list[tuple[str, Item | None]]
) -> None:
    reference = Reference(items={item.id: item for item in first})
    for key, item in changes:
        reference.put_item(key, item)
    telling = [item for item in reference.items.values() if item.ingredients is not None or item.allergens]
    assert reference.telling == len(telling)


def test_changes_since_are_told_newest_first() -> None:
    reference = Reference()
    for key in "abc":
        reference.put_item(key, Item(id=key))
    assert reference.items_since(1) == ["c", "b"]
    assert reference.items_since(3) == []
