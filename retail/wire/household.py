"""The traits that say what a household must not be shown: `allergens`, `diets`, `birthday`, as senders spell them.

Lists of texts, a text with commas, or an object of truth values. An empty list says that there are none; null says
nothing. What was said and cannot be read counts as everything (`retail.household.ANYTHING`), never as nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from retail.household import ANYTHING, Declared, plain

ALLERGENS: Final = ("allergens", "allergies", "household_allergens")
DIETS: Final = ("diets", "diet", "household_diets")
BIRTHDAYS: Final = ("birthday", "birthdate", "birth_date", "date_of_birth", "dateOfBirth")

LONGEST = 64
"""Characters of a name; longer than any name of an allergen or a diet."""

Names = str | list[str] | dict[str, bool] | None

_names = msgspec.json.Decoder(Names)
_text = msgspec.json.Decoder(str)


def declared_household(traits: Mapping[str, msgspec.Raw]) -> Declared | None:
    """None where no trait says anything about it."""
    allergens, diets = _all_of(traits, ALLERGENS), _all_of(traits, DIETS)
    born = max((_born(traits[name]) for name in BIRTHDAYS if name in traits), default=0)
    if allergens is None and diets is None and not born:
        return None
    return Declared(allergens, diets, born)


def _all_of(traits: Mapping[str, msgspec.Raw], names: tuple[str, ...]) -> tuple[str, ...] | None:
    said = [found for name in names if name in traits and (found := _read(traits[name])) is not None]
    return tuple(sorted(set().union(*said))) if said else None


def _read(raw: msgspec.Raw) -> set[str] | None:
    try:
        given: Names = _names.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {ANYTHING}
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    if isinstance(given, str):
        given = given.split(",")
    elif isinstance(given, dict):
        given = [name for name, true in given.items() if true]
    named = {plain(name) for name in given if name.strip()}
    return {name if 0 < len(name) <= LONGEST else ANYTHING for name in named}


def _born(raw: msgspec.Raw) -> int:
    """0 for what is no date: an unknown age fails closed."""
    try:
        return datetime.fromisoformat(_text.decode(raw)).toordinal()
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        return 0
