"""A shop's files are read whole or refused, naming file, line and what is wrong."""

import re
from pathlib import Path

import msgspec
import pytest

from retail.catalog import Item
from retail.merchandising import Effect, Rule
from retail.offers import Benefit, BenefitKind, Offer
from retail.stores import Beacon, Store, Zone
from streams.topics.shop import ShopUnreadable, read_shop
from tests.architecture.sources import ROOT

MUG = Item(id="mug", name="Mug", category="kitchen", price=900, currency="EUR")
MADRID = Store(
    id="madrid",
    name="Madrid",
    time_zone="Europe/Madrid",
    zones=(Zone("kitchen", "Kitchen", ("kitchen",)),),
    beacons=(Beacon("f7826da6:1:1", "kitchen"),),
)
TEN = Offer(id="ten", name="Ten", title="10 %", body="On mugs", benefit=Benefit(BenefitKind.PERCENT, 10))


def write(folder: Path, name: str, *entries: object) -> None:
    lines = [entry if isinstance(entry, bytes) else msgspec.json.encode(entry) for entry in entries]
    (folder / name).write_bytes(b"\n".join(lines) + b"\n")


def test_a_shop_is_read_as_it_was_written(tmp_path: Path) -> None:
    write(tmp_path, "catalog.jsonl", MUG, b"", Item(id="cup"))
    write(tmp_path, "stores.jsonl", MADRID)
    write(tmp_path, "offers.json", [TEN])
    rule = Rule(id="no-mugs", effect=Effect.EXCLUDE, items=frozenset({"mug"}), placements=frozenset({"home"}))
    write(tmp_path, "merchandising.jsonl", rule)

    shop = read_shop(tmp_path)

    assert (shop.items, shop.stores, shop.offers) == ([MUG, Item(id="cup")], [MADRID], [TEN])
    assert shop.rules == [rule]


def test_a_shop_may_have_a_catalogue_alone(tmp_path: Path) -> None:
    write(tmp_path, "catalog.jsonl", MUG)

    assert read_shop(tmp_path).offers == []


@pytest.mark.parametrize(
    ("name", "entries", "expected"),
    [
        ("catalog.jsonl", [MUG, b"{not json"], r"catalog\.jsonl, line 2: JSON is malformed"),
        ("catalog.jsonl", [MUG, b'{"id": 7}'], r"catalog\.jsonl, line 2: Expected `str`, got `int` - at `\$\.id`"),
        ("catalog.jsonl", [b'{"name": "Mug"}'], r"line 1: Object missing required field `id`"),
        ("catalog.jsonl", [b'{"id": "mug", "name": "\xff"}'], r"line 1: "),
        ("catalog.jsonl", [MUG, MUG], r"line 2: item 'mug': this id is there already"),
        ("catalog.jsonl", [Item(id="")], r"line 1: item '': an id has 1 to 256"),
        ("catalog.jsonl", [Item(id="a\nb")], r"an id has 1 to 256 printable"),
        ("catalog.jsonl", [Item(id="mug", price=-1)], r"line 1: item 'mug': the price is negative"),
        ("catalog.jsonl", [MUG, b'{"id": "cup", "price": NaN}'], r"line 2: JSON is malformed"),
        ("catalog.jsonl", [MUG, b'{"id": "cup", "price": 1e999}'], r"line 2: "),
        ("stores.jsonl", [Store(id="m", name="M", time_zone="Madrid")], r"'Madrid' is no IANA time zone"),
        ("stores.jsonl", [Store(id="m", name="M", time_zone="../etc/passwd")], r"is no IANA time zone"),
        ("stores.jsonl", [Store(id="m", name="M", beacons=(Beacon("b", "attic"),))], r"zone 'attic', which the store"),
        ("offers.json", [b'{"id": "ten"}'], r"offers\.json: .*expected a JSON array"),
        ("offers.json", [b'[{"id": "ten"}]'], r"offers\.json, entry 1: Object missing required field"),
        (
            "offers.jsonl",
            [b'{"id":"t","name":"","title":"","body":"","benefit":{"kind":"x"}}'],
            r"at `\$\.benefit\.kind`",
        ),
        (
            "offers.jsonl",
            [msgspec.structs.replace(TEN, benefit=Benefit(BenefitKind.PERCENT, 110))],
            "'ten': 110 percent is none of 1 to 100",
        ),
        (
            "offers.jsonl",
            [msgspec.structs.replace(TEN, benefit=Benefit(BenefitKind.AMOUNT, -5))],
            "an amount of -5 is no benefit",
        ),
        ("merchandising.jsonl", [b'{"id":"r","effect":"exclude"}'], r"line 1: it names neither items nor categories"),
        ("merchandising.jsonl", [b'{"id":"r","effect":"hide","items":["a"]}'], r"Invalid enum value 'hide'"),
        ("merchandising.jsonl", [b'{"id":"r","effect":"pin","items":["a","b"]}'], r"a pin names exactly one item"),
        ("merchandising.jsonl", [b'{"id":"r","effect":"pin","items":["a"],"place":0}'], r"place 0 is none of 1 to 100"),
        ("merchandising.jsonl", [b'{"id":"r","effect":"bury","items":["a"],"strength":0.5}'], r"strength 0\.5 is not"),
        ("merchandising.jsonl", [b'{"id":"r","effect":"pin","items":["a"],"starts":2,"ends":2}'], r"ends before it s"),
        (
            "merchandising.jsonl",
            [b'{"id":"r","effect":"exclude","items":["a"],"placements":["hom"]}'],
            r"rule 'r': no placement is called 'hom'; there are after_purchase",
        ),
    ],
)
def test_a_wrong_entry_is_refused_with_its_place(
    tmp_path: Path, name: str, entries: list[object], expected: str
) -> None:
    write(tmp_path, name, *entries)

    with pytest.raises(ShopUnreadable, match=expected):
        read_shop(tmp_path)


def test_an_offer_that_ends_before_it_starts_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "offers.jsonl", msgspec.structs.replace(TEN, starts=10, ends=5))

    with pytest.raises(ShopUnreadable, match="offer 'ten': it ends before it starts"):
        read_shop(tmp_path)


def test_a_folder_without_a_shop_says_what_it_expected(tmp_path: Path) -> None:
    with pytest.raises(ShopUnreadable, match=r"holds nothing to load: expected catalog\.jsonl, stores\.jsonl"):
        read_shop(tmp_path)
    with pytest.raises(ShopUnreadable, match="is no folder"):
        read_shop(tmp_path / "nowhere")


def test_the_shop_of_the_guide_is_read_and_says_nothing_in_vain(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "shop.md").read_text()
    blocks = re.findall(r"^## (\w+\.jsonl)\n\n```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert [name for name, _ in blocks] == ["catalog.jsonl", "stores.jsonl", "offers.jsonl"]
    for name, lines in blocks:
        (tmp_path / name).write_text(lines)

    shop = read_shop(tmp_path)

    assert (len(shop.items), len(shop.stores), len(shop.offers), shop.notes) == (3, 1, 2, [])


def test_what_a_shop_says_in_vain_is_told(tmp_path: Path) -> None:
    write(
        tmp_path, "catalog.jsonl", MUG, b'{"id": "cup", "department": "home", "prize": 5}', b'{"id": "pot", "prize": 6}'
    )
    write(tmp_path, "stores.jsonl", MADRID)
    vain = msgspec.structs.replace(
        TEN, stores=frozenset({"madird"}), items=frozenset({"mug", "jug"}), categories=frozenset({"home"})
    )
    write(tmp_path, "offers.jsonl", vain)
    write(tmp_path, "merchandising.jsonl", Rule(id="r", effect=Effect.EXCLUDE, categories=frozenset({"home", "cars"})))

    assert read_shop(tmp_path).notes == [
        "the field 'prize' of 2 entries in catalog.jsonl is not known here and was left out",
        "offer 'ten' names the item 'jug', which the files lack",
        "offer 'ten' names the category 'home', which the files lack",
        "offer 'ten' names the store 'madird', which the files lack",
        "rule 'r' names the category 'cars', which the files lack",
    ]


def test_a_part_of_a_shop_is_not_missing_the_rest(tmp_path: Path) -> None:
    write(tmp_path, "offers.jsonl", msgspec.structs.replace(TEN, stores=frozenset({"lyon"}), items=frozenset({"mug"})))

    assert read_shop(tmp_path).notes == []
