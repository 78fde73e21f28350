"""What the gateway offers: every route as data, with the right it asks for and what its documentation says."""

from gateway.answers import (
    Accepted,
    Continued,
    Inbox,
    Liveness,
    Offers,
    Ordered,
    Profile,
    Readiness,
    Recommendations,
    Rules,
)
from gateway.foreign_routes import FOREIGN
from gateway.requests import MergeRequest, PostedBatch, PostedEvent, PostedSighting, PostedSightings, SplitRequest
from gateway.rights import Right
from gateway.route import CHANNEL, CUSTOMER, EVENTS, READING, STORE, TEXT, WRITING, Parameter, Route
from recommender.placements import HOME, RECIPES, listed

ACCEPTING = (
    "Answered 200 when everything is stored in Kafka. One bad event does not fail its batch: it is kept among the "
    "rejects with its reason. The body may be gzipped (Content-Encoding: gzip); its Content-Type does not matter. "
    "Sending the same messageId again is harmless."
)


def _single(name: str, letter: str) -> Route:
    return Route(
        name=name,
        method="POST",
        paths=(f"/v1/{name}", f"/v1/{letter}"),
        summary=f"One {name} event, in the Segment shape",
        right=Right.WRITE_EVENTS,
        description="As /v1/batch, for one event; an event without a usable customer is answered 400.",
        parameters=(CHANNEL,),
        body=(PostedEvent,),
        answer=Accepted,
        refusals=WRITING,
    )


BATCH = Route(
    name="batch",
    method="POST",
    paths=("/v1/batch", "/v1/b", "/v1/import", "/beacon/v1/batch"),
    summary="Many events, in the Segment shape",
    right=Right.WRITE_EVENTS,
    description=ACCEPTING,
    parameters=(CHANNEL, Parameter("writeKey", "The API key, where neither a header nor the body carries it.")),
    body=(PostedBatch,),
    answer=Accepted,
    refusals=WRITING,
)
SINGLES = (
    _single("track", "t"),
    _single("identify", "i"),
    _single("page", "p"),
    _single("screen", "s"),
    _single("group", "g"),
    _single("alias", "a"),
)
SIGHTINGS = Route(
    name="sightings",
    method="POST",
    paths=("/v1/sightings",),
    summary="Beacons that were seen",
    right=Right.WRITE_SIGHTINGS,
    description="One sighting, or many under `sightings`; each becomes a `Beacon Sighted` event of the store channel.",
    body=(PostedSighting, PostedSightings),
    answer=Accepted,
    refusals=WRITING,
)
RECOMMENDATIONS = Route(
    name="recommendations",
    method="GET",
    paths=("/v1/recommendations",),
    summary="What to show this customer, the best first, each with its reason",
    right=Right.READ_RECOMMENDATIONS,
    description="Always answered, also while the customer's state cannot be read: `fallback` then says so. An unknown "
    "placement is answered 400 `unknown_placement`.",
    parameters=(
        CUSTOMER,
        Parameter("placement", f"Where it is shown. {listed()}.", default=HOME, choices=tuple(RECIPES)),
        STORE,
        Parameter("item", "Item id, of the page: for placement item."),
        Parameter("cart", "Item ids parted by commas, in place of the cart we know of: for cart, after_purchase."),
        Parameter("category", "Category or department, for placement category."),
        Parameter("zone", "Zone of the store; by default where the customer stands. For placement zone."),
        Parameter("limit", "Items wanted, 1 to 100.", kind="integer", default=10),
    ),
    answer=Recommendations,
    refusals=READING,
)
OFFERS = Route(
    name="offers",
    method="GET",
    paths=("/v1/offers",),
    summary="The offers this customer may have now, the best first",
    right=Right.READ_OFFERS,
    description="The same rules as for pushes. Empty with a `reason` where none may be shown, as without consent.",
    parameters=(CUSTOMER, STORE, Parameter("limit", "Offers wanted, 1 to 100.", kind="integer", default=20)),
    answer=Offers,
    refusals=(*READING, 503),
)
INBOX = Route(
    name="inbox",
    method="GET",
    paths=("/v1/inbox",),
    summary="The customer's messages, oldest first",
    right=Right.READ_INBOX,
    description="A message must not be shown after its `expires`.",
    parameters=(
        CUSTOMER,
        Parameter("after", "Id of the last message known; only later ones are given."),
        Parameter("limit", "Messages wanted, 1 to 100.", kind="integer", default=50),
    ),
    answer=Inbox,
    refusals=(*READING, 503),
)
INBOX_STREAM = Route(
    name="inbox_stream",
    method="GET",
    paths=("/v1/inbox/stream",),
    summary="The customer's messages as they come, as server-sent events",
    right=Right.READ_INBOX,
    description="Each event's `id` is the message's; a client that comes back with Last-Event-ID misses nothing.",
    parameters=(
        CUSTOMER,
        Parameter("after", "Id of the last message known, where no Last-Event-ID is sent."),
        Parameter("Last-Event-ID", "Id of the last message received.", place="header"),
    ),
    media=EVENTS,
    refusals=(*READING, 503),
)
SESSION = Route(
    name="session",
    method="GET",
    paths=("/v1/session",),
    summary="Where the customer is on their way: cart, session and visit, whatever channel they began in",
    right=Right.READ_SESSION,
    description="A site key, which everybody holds, may ask by anonymousId only.",
    parameters=(CUSTOMER,),
    answer=Continued,
    refusals=(*READING, 503),
)
MERCHANDISING = Route(
    name="merchandising",
    method="GET",
    paths=("/v1/merchandising",),
    summary="The rules of merchandisers: which hold now, what each concerns, which leave few items",
    right=Right.READ_MERCHANDISING,
    parameters=(
        Parameter("store", "Store id of which it is told; without it the web, where rules with stores do not hold."),
    ),
    answer=Rules,
    refusals=READING,
)
CUSTOMER_SHOWN = Route(
    name="customer",
    method="GET",
    paths=("/v1/customers",),
    summary="Whose an identifier is, what else is theirs, and on what evidence",
    right=Right.MANAGE_CUSTOMERS,
    parameters=(CUSTOMER,),
    answer=Profile,
    refusals=(*READING, 503),
)
ORDERING = (
    "Answered 200 when the order is stored in Kafka; it is carried out within moments, and told of in the topic "
    "`identities`, as every link is."
)
CUSTOMERS_MERGED = Route(
    name="merge_customers",
    method="POST",
    paths=("/v1/customers/merge",),
    summary="Say that two identifiers are one customer's",
    right=Right.MANAGE_CUSTOMERS,
    description=ORDERING,
    body=(MergeRequest,),
    answer=Ordered,
    refusals=(*READING, 413, 503),
)
CUSTOMER_SPLIT = Route(
    name="split_customer",
    method="POST",
    paths=("/v1/customers/split",),
    summary="Say that an identifier is not the customer's it is taken for",
    right=Right.MANAGE_CUSTOMERS,
    description=ORDERING + " What came under it becomes its own again; nothing links the two again by itself.",
    body=(SplitRequest,),
    answer=Ordered,
    refusals=(*READING, 413, 503),
)
LIVE = Route(name="livez", method="GET", paths=("/livez",), summary="The process answers", answer=Liveness)
READY = Route(
    name="readyz",
    method="GET",
    paths=("/readyz",),
    summary="Kafka and Redis answer",
    description="503 with the same body says which of them does not.",
    answer=Readiness,
    refusals=(503,),
)
METRICS = Route(
    name="metrics",
    method="GET",
    paths=("/metrics",),
    summary="Prometheus metrics; open on loopback, elsewhere for admin keys",
    media=TEXT,
    refusals=(401, 403),
)
SCHEMA = Route(name="schema", method="GET", paths=("/schema",), summary="This documentation as OpenAPI 3.1")
ASYNCAPI = Route(
    name="asyncapi",
    method="GET",
    paths=("/schema/asyncapi.json", "/asyncapi.json"),
    summary="The Kafka topics as AsyncAPI 3.0",
)
DOCS = Route(name="docs", method="GET", paths=("/docs", "/"), summary="This documentation as a page", media="text/html")

ROUTES = (
    BATCH,
    *SINGLES,
    SIGHTINGS,
    *FOREIGN,
    RECOMMENDATIONS,
    OFFERS,
    INBOX,
    INBOX_STREAM,
    SESSION,
    MERCHANDISING,
    CUSTOMER_SHOWN,
    CUSTOMERS_MERGED,
    CUSTOMER_SPLIT,
    LIVE,
    READY,
    METRICS,
    SCHEMA,
    ASYNCAPI,
    DOCS,
)
