"""The tunable numbers of the journey, each once."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class JourneyPolicy:
    """How a customer's state is kept.

    session_gap: silence that ends a session; 30 min is the field's convention (Segment, Google Analytics).
    visit_gap: silence that ends a visit; a phone reports a lost beacon about 30 s late and aisles have dead
        spots, so a visit survives some minutes without a sighting.
    history: interactions kept; 50 cover the sessions that the models look at and stay under 1 KB.
    habits: items with a repeat counter kept per customer; a household of Complete Journey buys 300 to 600
        distinct items a year, of which the strongest 256 hold nearly all that will be bought again.
    habit_decay: time after which a repeat counter fell to 1/e; 120 days were best on Complete Journey.
    message_memory: how long a message id is remembered; senders retry for at most 12 hours.
    message_limit: message ids remembered at most; older ones are forgotten first and that is counted.
    pushes: pushes remembered. cart_lines: lines kept in a cart. quantity: units counted of one line.
    """

    session_gap: timedelta = timedelta(minutes=30)
    visit_gap: timedelta = timedelta(minutes=15)
    history: int = 50
    habits: int = 256
    habit_decay: timedelta = timedelta(days=120)
    message_memory: timedelta = timedelta(days=7)
    message_limit: int = 256
    pushes: int = 20
    cart_lines: int = 200
    quantity: int = 1000
