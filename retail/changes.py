"""What a fold answers: the parts of a customer's state that an event changes, and what the fold leans on."""

from typing import TypedDict

import msgspec

from retail.customers import Care, SentPush, Session, Visit
from retail.household import Household
from retail.policy import JourneyPolicy
from retail.reference import Reference


class Changes(TypedDict, total=False):
    """New values of fields of `CustomerState`; what is absent stays."""

    version: int
    last: int
    messages: bytes
    session: Session | None
    history: bytes
    habits: bytes
    visit: Visit | None
    left_at: int
    cart: dict[str, int]
    orders: int
    bought_at: int
    pushes: tuple[SentPush, ...]
    consents: dict[str, bool]
    consented_at: dict[str, int]
    traits: dict[str, str]
    timers: dict[str, int]
    cart_changed: int
    last_store: str
    care: Care
    households: dict[str, int]
    household: Household
    answers: bytes
    categories: bytes
    dismissed: bytes


class Surroundings(msgspec.Struct, frozen=True, gc=False):
    """What a fold depends on beside state and event."""

    reference: Reference
    policy: JourneyPolicy
