"""Links: which identifiers a customer has, on what evidence, and the policy of each kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum, StrEnum

import msgspec

from retail.identifiers import Kind, kind_of


class Standing(IntEnum):
    """How a link stands: claimed and not answered, united, refused with a reason, set apart by an operator."""

    ASKED = 0
    LINKED = 1
    REFUSED = 2
    APART = 3


LIVE = frozenset({Standing.ASKED, Standing.LINKED})


class Contest(StrEnum):
    """Whose an identifier is that two of equal strength claim: the earliest one's, or nobody's (it is shared)."""

    FIRST = "first"
    NOBODY = "nobody"


class Why(StrEnum):
    """Why an identifier is not, or no longer, a customer's."""

    SHARED = "shared"
    STRONGER = "belongs_to_a_stronger"
    EARLIER = "claimed_earlier"
    APART = "set_apart"
    KEPT = "kept_by_an_operator"
    CYCLE = "not_weaker"
    TOO_MANY = "too_many"
    NO_CONSENT = "no_consent"
    SPLIT = "split"
    PASSED_ON = "passed_on"


class Link(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One identifier of a customer. generation: of its hand-overs; what older ones say does not count.

    at: when it was first seen together with the customer, source: in which message; event time, milliseconds.
    asked: when it was last claimed, milliseconds of arrival. consents, consented_at: the last words under it.
    reason: why it is not the customer's. through: which other identifier brought it, "" where it was seen together with
    the customer itself; it goes where that one goes. moves: how often that one had moved by then.
    """

    standing: Standing
    generation: int
    at: int
    source: str
    asked: int
    consents: dict[str, bool] = {}
    consented_at: dict[str, int] = {}
    reason: str = ""
    through: str = ""
    moves: int = 0


@dataclass(frozen=True)
class KindPolicy:
    """limit: identifiers of this kind that one customer may have. contest: see `Contest`.

    confidence: that who uses it is the customer; below 1 a link needs consent and never counts for caps or coupons.
    """

    limit: int
    contest: Contest = Contest.NOBODY
    confidence: float = 1.0


def _kinds() -> dict[Kind, KindPolicy]:
    return {
        Kind.USER: KindPolicy(4),
        Kind.CARD: KindPolicy(4, Contest.FIRST),
        Kind.EMAIL: KindPolicy(4),
        Kind.PHONE: KindPolicy(4),
        Kind.PAYMENT: KindPolicy(8, confidence=0.9),
        Kind.ANONYMOUS: KindPolicy(64),
        Kind.DEVICE: KindPolicy(16, confidence=0.8),
        Kind.TAG: KindPolicy(4, confidence=0.8),
    }


@dataclass(frozen=True)
class LinkPolicy:
    """kinds: limits of each kind. A browser that forgets its cookies weekly makes 52 anonymous ids a year; nobody has
    more than a handful of the others. A means of payment, a device or a tag is lent.
    total: identifiers remembered of one customer, the refused ones among them; a hundred take some 10 KB.
    ask_again: a claim unanswered so long was lost with its log, and is made again at the next evidence.
    """

    kinds: Mapping[Kind, KindPolicy] = field(default_factory=_kinds)
    total: int = 100
    ask_again: timedelta = timedelta(minutes=10)

    def of(self, profile: str) -> KindPolicy:
        return self.kinds[kind_of(profile)]

    def is_certain(self, profile: str) -> bool:
        return self.of(profile).confidence >= 1


LINKS = LinkPolicy()
