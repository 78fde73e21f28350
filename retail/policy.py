"""The tunable numbers of events and the journey, each once."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from retail.identifiers import NOBODY

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class EventLimits:
    """What an event from outside may be.

    event_bytes: a whole event; the field's SDKs stop at 32 KiB, and what the gateway adds needs some room.
    text: characters of free text; a longer search or event name is cut, a longer trait is not kept.
    lines: lines of one order. traits: traits of one `identify`; more are not kept.
    future: how far a corrected clock may run ahead before the arrival counts instead.
    past: the oldest event worth folding; the slowest habit has decayed to nothing by then.
    price: the highest price of one unit, minor units; above it something is wrong.
    attribution_key: seals the tokens of answers; empty, anybody can make one, and only accidents are found.
    blocked: ids and addresses that stand for nobody, in lower case; a till's own e-mail address belongs here.
    """

    event_bytes: int = 36 * 1024
    text: int = 256
    lines: int = 200
    traits: int = 32
    future: timedelta = timedelta(minutes=5)
    past: timedelta = timedelta(days=730)
    price: int = 10**12
    attribution_key: bytes = b""
    blocked: frozenset[str] = NOBODY

    @cached_property
    def future_ms(self) -> int:
        return self.future // _MILLISECOND

    @cached_property
    def past_ms(self) -> int:
        return self.past // _MILLISECOND


@dataclass(frozen=True)
class JourneyPolicy:
    """How a customer's state is kept.

    session_gap: silence that ends a session; 30 min is the field's convention (Segment, Google Analytics).
    visit_gap: silence that ends a visit; a phone reports a lost beacon about 30 s late and aisles have dead
        spots, so a visit survives some minutes without a sighting.
    late: an event that took longer to arrive tells of the past, not of where the customer is now; phones flush
        what they queued within seconds of being back online, so minutes mean that the moment is gone.
    abandoned_cart: silence of a cart that makes it an abandoned one; a first reminder after one hour is the field's
        convention (Klaviyo, Shopify).
    history: interactions kept; 50 cover the sessions that the models look at and stay under 1 KB.
    habits: items with a repeat counter kept per customer; a household of Complete Journey buys 300 to 600
        distinct items a year, of which the strongest 256 hold nearly all that will be bought again.
    habit_decay: time after which a repeat counter fell to 1/e; 120 days were best on Complete Journey.
    categories: categories with a repeat counter; a household buys of some 40 again and again.
    dismissals: items remembered that the customer waved away; who waves away more is tired of all of it.
    message_memory: how long a message id is remembered; senders retry for at most 12 hours.
    message_limit: message ids remembered at most; older ones are forgotten first and that is counted.
    pushes: pushes remembered. cart_lines: lines kept in a cart; the oldest give way.
    quantity: units counted of one line.
    cases: complaints and parcels remembered; few have more than two at a time, and the settled give way first.
    traits, purposes: names kept of what a customer declared and of what was consented to; a real shop has a dozen.
    households: groups kept of one customer; a child of separated parents has two.
    members: customers of one group; a group of more is no household, and who comes later is not taken in.
    researching_views: views that make an aware customer a researching one; one or two are a glance.
    attribution_click: how long after an answer a sale still counts for an item that was clicked in it; 7 days, and
    attribution_view: 1 day for one that was only seen, are the field's convention (Meta, Criteo).
    answers: answers remembered, answer_items: items of all of them together: four slates of ten are 284 bytes.
    loyal_orders: purchases that make a customer a loyal one; the third says that the second was no accident.
    """

    session_gap: timedelta = timedelta(minutes=30)
    visit_gap: timedelta = timedelta(minutes=15)
    late: timedelta = timedelta(minutes=5)
    abandoned_cart: timedelta = timedelta(hours=1)
    history: int = 50
    habits: int = 256
    habit_decay: timedelta = timedelta(days=120)
    categories: int = 64
    dismissals: int = 32
    message_memory: timedelta = timedelta(days=7)
    message_limit: int = 256
    pushes: int = 20
    cart_lines: int = 200
    quantity: int = 1000
    cases: int = 8
    traits: int = 32
    purposes: int = 16
    researching_views: int = 3
    attribution_click: timedelta = timedelta(days=7)
    attribution_view: timedelta = timedelta(days=1)
    answers: int = 4
    answer_items: int = 40
    loyal_orders: int = 3
    households: int = 4
    members: int = 32

    # The folds compare whole numbers on every event; dividing timedeltas there would cost as much as the fold.

    @cached_property
    def session_gap_ms(self) -> int:
        return self.session_gap // _MILLISECOND

    @cached_property
    def visit_gap_ms(self) -> int:
        return self.visit_gap // _MILLISECOND

    @cached_property
    def late_ms(self) -> int:
        return self.late // _MILLISECOND

    @cached_property
    def abandoned_cart_ms(self) -> int:
        return self.abandoned_cart // _MILLISECOND

    @cached_property
    def attribution_click_ms(self) -> int:
        return self.attribution_click // _MILLISECOND

    @cached_property
    def attribution_view_ms(self) -> int:
        return self.attribution_view // _MILLISECOND

    @cached_property
    def habit_decay_s(self) -> float:
        return self.habit_decay.total_seconds()

    @cached_property
    def message_days(self) -> int:
        return self.message_memory.days
