"""What may not be shown to a customer: the allergens and diets of their household, and their age.

The rule of the fold: what is declared adds up, whoever declares it; a declaration of none takes back what was declared
before it, by event time. Of several birth dates the youngest counts. So the strictest wins, and the order of arrival
does not matter. More names than are kept become `ANYTHING`, which nothing edible passes.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from unicodedata import combining, normalize

import msgspec

ANYTHING = "*"
"""An allergen or diet that could not be read or kept."""

NAMES = 32
"""Allergens, and diets, kept of a household; all 14 that the EU wants declared fit twice."""

_EARTH_IS_LATE = timedelta(hours=12)
"""Where a birthday comes last, it comes so long after UTC's."""


class Declared(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One declaration. allergens, diets: None where nothing was said of them, empty where there are none.

    born: the proleptic ordinal of the birth date, 0 where nothing was said.
    """

    allergens: tuple[str, ...] | None = None
    diets: tuple[str, ...] | None = None
    born: int = 0


class Household(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """allergens, diets: name to when it was declared last, milliseconds. no_allergens, no_diets: when it was last
    declared that there are none. born: as in `Declared`."""

    allergens: dict[str, int] = {}
    diets: dict[str, int] = {}
    no_allergens: int = -1
    no_diets: int = -1
    born: int = 0


NOBODY = Household()

UNREADABLE = Household(allergens={ANYTHING: 0}, diets={ANYTHING: 0})
"""Of a customer whose state cannot be read: may have any allergen and any age."""


def plain(name: str) -> str:
    """A name as it is compared: lower case, without accents, with single spaces."""
    letters = (letter for letter in normalize("NFKD", name.casefold()) if not combining(letter))
    return " ".join("".join(letters).replace("_", " ").replace("-", " ").split())


def household_after(household: Household, said: Declared, at: int) -> Household:
    """at: when it was said, milliseconds."""
    told = Household(
        dict.fromkeys(said.allergens or (), at),
        dict.fromkeys(said.diets or (), at),
        at if said.allergens == () else -1,
        at if said.diets == () else -1,
        said.born,
    )
    return merged(household, told)


def merged(one: Household, other: Household) -> Household:
    """What two have to be spared who are one: what was declared of either."""
    no_allergens, no_diets = max(one.no_allergens, other.no_allergens), max(one.no_diets, other.no_diets)
    return Household(
        _names(one.allergens, other.allergens, no_allergens),
        _names(one.diets, other.diets, no_diets),
        no_allergens,
        no_diets,
        max(one.born, other.born),
    )


def with_shared(own: Household, shared: Iterable[Household]) -> Household:
    """What a customer is spared in all: their own declarations, and the names that the others of their groups declared.

    Nobody's taking back reaches what another declared. An age is each person's own.
    """
    for other in shared:
        allergens, diets = _names(own.allergens, other.allergens, -1), _names(own.diets, other.diets, -1)
        own = Household(allergens, diets, own.no_allergens, own.no_diets, own.born)
    return own


def names_alone(household: Household) -> Household:
    """What of it concerns the others of a group."""
    return Household(household.allergens, household.diets)


def _names(one: dict[str, int], other: dict[str, int], taken_back: int) -> dict[str, int]:
    """What was declared at the very moment of taking back stays."""
    newest = {name: max(one.get(name, -1), other.get(name, -1)) for name in (*one, *other)}
    kept = {name: newest[name] for name in sorted(newest) if newest[name] >= taken_back}
    return kept if len(kept) <= NAMES else {ANYTHING: max(kept.values())}


def age_of(household: Household, at: int) -> int | None:
    """Whole years, wherever on Earth the customer is; None where no birth date is known. at: milliseconds."""
    if not household.born:
        return None
    born = date.fromordinal(household.born)
    today = (datetime.fromtimestamp(at / 1000, UTC) - _EARTH_IS_LATE).date()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
