"""What a route is: its paths, the right it asks for, and what its documentation says."""

from dataclasses import dataclass
from typing import Literal

from gateway.rights import Right

JSON = "application/json"
TEXT = "text/plain"
EVENTS = "text/event-stream"


@dataclass(frozen=True)
class Parameter:
    """One parameter in query, header or path, as documented. choices: the only values, empty for any."""

    name: str
    description: str
    kind: Literal["string", "integer"] = "string"
    place: Literal["query", "header", "path"] = "query"
    required: bool = False
    default: str | int | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Route:
    """name: label in metrics and operation id. paths: the first is the one to use, the others are its aliases.

    right: what the key must be allowed, None where the route is open or decides by itself.
    body, answer: shapes; None for none. takes: Content-Types of the body, as documented; few routes look at them.
    refusals: statuses of the errors that may come. cookies: pages send theirs along, though nothing here reads them.
    """

    name: str
    method: Literal["GET", "POST"]
    paths: tuple[str, ...]
    summary: str
    right: Right | None = None
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: tuple[type, ...] = ()
    takes: tuple[str, ...] = (JSON,)
    answer: type | None = None
    media: str = JSON
    refusals: tuple[int, ...] = ()
    cookies: bool = False


WRITING = (400, 401, 403, 408, 413, 415, 429, 503)
READING = (400, 401, 403)

CHANNEL = Parameter(
    "X-Caudal-Channel",
    "web, app, store or service: the channel the events belong to, for store and admin keys that write for another.",
    place="header",
)
CUSTOMER = Parameter(
    "customer",
    "Customer id, or any identifier of theirs as `card:7` or `anonymous:f7`; userId, user_id, loyaltyCard and "
    "anonymousId are taken as well.",
    required=True,
)
STORE = Parameter("store", "Store id, where the customer stands or shops.")
