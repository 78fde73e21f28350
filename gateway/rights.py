"""What each kind of key may do, as one table."""

from collections.abc import Mapping
from enum import StrEnum


class Scope(StrEnum):
    """Where a key lives; a site's key is public, since every browser holds it."""

    SITE = "site"
    APP = "app"
    STORE = "store"
    ADMIN = "admin"


class Right(StrEnum):
    WRITE_EVENTS = "write_events"
    WRITE_SIGHTINGS = "write_sightings"
    CHOOSE_CHANNEL = "choose_channel"
    READ_RECOMMENDATIONS = "read_recommendations"
    READ_OFFERS = "read_offers"
    READ_INBOX = "read_inbox"
    READ_SESSION = "read_session"
    READ_METRICS = "read_metrics"
    READ_MERCHANDISING = "read_merchandising"
    MANAGE_CUSTOMERS = "manage_customers"


RIGHTS: Mapping[Scope, frozenset[Right]] = {
    Scope.SITE: frozenset({Right.WRITE_EVENTS, Right.READ_RECOMMENDATIONS, Right.READ_SESSION}),
    Scope.APP: frozenset(
        {
            Right.WRITE_EVENTS,
            Right.WRITE_SIGHTINGS,
            Right.READ_RECOMMENDATIONS,
            Right.READ_OFFERS,
            Right.READ_INBOX,
            Right.READ_SESSION,
        }
    ),
    Scope.STORE: frozenset(
        {
            Right.WRITE_EVENTS,
            Right.WRITE_SIGHTINGS,
            Right.CHOOSE_CHANNEL,
            Right.READ_RECOMMENDATIONS,
            Right.READ_OFFERS,
            Right.READ_SESSION,
        }
    ),
    Scope.ADMIN: frozenset(Right),
}


def scopes_with(right: Right) -> list[str]:
    return [scope.value for scope in Scope if right in RIGHTS[scope]]
