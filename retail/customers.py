"""What is known of one customer: the state that the journey folds events into.

One msgpack blob per customer. The long parts (`history`, `habits`, `messages`) are packed bytes, because a
blob is read and written for every micro-batch and the models want arrays: nothing to decode, 16 bytes an
interaction. Their layouts and operations are in `retail.history`, `retail.habits` and `retail.messages`.
"""

from enum import IntEnum, StrEnum

import msgspec

from retail.events import Channel, DeliveryStatus
from retail.household import NOBODY, Household
from retail.links import Link


class Stage(StrEnum):
    """Where on the journey the customer is (a first, simple set)."""

    NEW = "new"
    AWARE = "aware"
    RESEARCHING = "researching"
    DECIDING = "deciding"
    CUSTOMER = "customer"
    LOYAL = "loyal"


class Interaction(IntEnum):
    """Kinds of interaction in a history; the numbers are stored."""

    VIEWED = 1
    ADDED = 2
    REMOVED = 3
    BOUGHT = 4


class Session(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A stretch of one channel without a 30 min gap. started, last: event times, milliseconds."""

    channel: Channel
    started: int
    last: int
    events: int


class Visit(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One stay in one store. id: `store:started`. zone: where in it, "" before the first zone."""

    id: str
    store: str
    zone: str
    started: int
    last: int


class SentPush(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A push that was decided, and what became of it. at: when it was decided, since: when it came to `status`.

    told: whether its channel has told of it; a status of sent is taken for granted until then.
    """

    decision: str
    offer: str
    visit: str
    at: int
    status: DeliveryStatus
    since: int = 0
    told: bool = False


class Care(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the contact centre, the CRM and the warehouse tell of a customer. Times are milliseconds.

    contacts: with the contact centre, ever; contacted_at: the newest. complaints: case to when it was filed, or to
    minus the time at which it was resolved. parcels: order to when it was shipped, or to minus the time at which it
    arrived.
    mood: of the newest survey or mention, 0 (worst) to 100, -1 where there was none; mood_at: when that was.
    returns: units sent back, ever; returned_at: the newest. scanned_at: when the loyalty card was last scanned.
    """

    contacts: int = 0
    contacted_at: int = 0
    complaints: dict[str, int] = {}
    parcels: dict[str, int] = {}
    mood: int = -1
    mood_at: int = 0
    returns: int = 0
    returned_at: int = 0
    scanned_at: int = 0


NO_CARE = Care()


UNCONTESTED = 99
"""Rank below that of any kind of identifier."""


class Identity(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How a profile stands to others (docs/decisions/0009-one-customer.md). None as long as it met nobody.

    root: the customer it is an alias of, "" where it is one itself. generation: of its hand-over, echoed by all it
    forwards. since: evidence of its claim, milliseconds. forced: an operator said so. contested: the rank of the kind
    of which two claimed it. apart: whom an operator set it apart from. former: customers that passed it on.
    links: as a customer, its identifiers by profile id; as an alias, those it brings along. own: what a customer with
    links did under its own id alone. moves: how often it came to another customer or went from one. through: which
    profile brought it to its root, brought: after how many moves of that one.
    """

    root: str = ""
    generation: int = 0
    since: int = 0
    forced: bool = False
    contested: int = UNCONTESTED
    apart: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    links: dict[str, Link] = {}
    own: "CustomerState | None" = None
    moves: int = 0
    through: str = ""
    brought: int = 0


class CustomerState(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """version: events applied so far. last: the newest event time seen, milliseconds.

    history, habits, messages: packed, see the module. orders: purchases ever. bought_at: newest of them.
    cart: item to quantity. consents: purpose to granted. traits: what the customer declared.
    left_at: when the last visit ended. consented_at: per purpose, the event time of what `consents` says.
    timers: kind to the moment it is due, milliseconds, or earlier; see `retail.timers`.
    applied: the offset of the newest event in this state, in the customer's partition; -1 where it was not from a log.
    cart_changed: when the cart last changed. last_store: the store of the newest visit.
    care: what is known from the service channel; see `retail.care`.
    identity: its identifiers, or whose alias it is; None as long as it never met another.
    households: groups to when it joined, or to minus the time at which it left, milliseconds; see `retail.groups`.
    household: what may not be shown to them: see `retail.household`. shared: what the others of a group declared.
    members: of a group's own profile, its customers with what each declared; None of everybody else.
    answers: what they were shown of late and what became of it, packed; see `retail.outcomes`.
    dismissed: what they waved away, packed; see `retail.dismissals`.
    categories: as habits, purchases by the category that the catalogue named, whatever its items; see `category_key`.
    """

    version: int = 0
    last: int = 0
    history: bytes = b""
    habits: bytes = b""
    messages: bytes = b""
    session: Session | None = None
    visit: Visit | None = None
    cart: dict[str, int] = {}
    stage: Stage = Stage.NEW
    stage_since: int = 0
    orders: int = 0
    bought_at: int = 0
    pushes: tuple[SentPush, ...] = ()
    consents: dict[str, bool] = {}
    traits: dict[str, str] = {}
    left_at: int = 0
    consented_at: dict[str, int] = {}
    timers: dict[str, int] = {}
    applied: int = -1
    cart_changed: int = 0
    last_store: str = ""
    care: Care = NO_CARE
    identity: Identity | None = None
    households: dict[str, int] = {}
    household: Household = NOBODY
    shared: dict[str, Household] = {}
    members: dict[str, Household] | None = None
    answers: bytes = b""
    categories: bytes = b""
    dismissed: bytes = b""


EMPTY = CustomerState()

_decoder = msgspec.msgpack.Decoder(CustomerState)
_encoder = msgspec.msgpack.Encoder()


def decode_state(blob: bytes) -> CustomerState:
    """Raises msgspec.DecodeError on a blob that is not a state."""
    return _decoder.decode(blob)


def encode_state(state: CustomerState) -> bytes:
    return _encoder.encode(state)
