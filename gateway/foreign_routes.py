"""The routes of what retailers have already: formats of others, and what client libraries ask before they send."""

from gateway.answers import Accepted
from gateway.requests import PostedCloudEvent, PostedMeasurement, PostedPayload
from gateway.rights import Right
from gateway.route import CHANNEL, JSON, WRITING, Parameter, Route

CLOUD_EVENTS = Route(
    name="cloudevents",
    method="POST",
    paths=("/v1/cloudevents", "/v1/events"),
    summary="CloudEvents 1.0: structured, batched or binary",
    right=Right.WRITE_EVENTS,
    description="`type` names the event by its end (`com.example.product_viewed`), `data` holds its properties or a "
    "whole event in the Segment shape. The customer is named in `data`, by the attributes userid, anonymousid and "
    "loyaltycard, else by partitionkey, else by subject. Source and id together are the message id. In binary mode the "
    "attributes are `ce-` headers and the body is the data.",
    parameters=(CHANNEL,),
    body=(PostedCloudEvent, list[PostedCloudEvent]),
    takes=("application/cloudevents+json", "application/cloudevents-batch+json", JSON),
    answer=Accepted,
    refusals=WRITING,
)
MEASUREMENT = Route(
    name="measurement",
    method="POST",
    paths=("/mp/collect",),
    summary="Google Analytics 4, Measurement Protocol",
    right=Right.WRITE_EVENTS,
    description="`items` become one event each, or the lines of an order. An event without a time and without a "
    "transaction cannot be told from a repetition, so each counts.",
    parameters=(
        Parameter("api_secret", "The API key, where no header carries it."),
        Parameter("measurement_id", "Of a web stream; taken, not read."),
        Parameter("firebase_app_id", "Of an app; taken, not read."),
        CHANNEL,
    ),
    body=(PostedMeasurement,),
    answer=Accepted,
    refusals=WRITING,
)
SNOWPLOW = Route(
    name="snowplow",
    method="POST",
    paths=("/com.snowplowanalytics.snowplow/tp2",),
    summary="Snowplow tracker protocol 2",
    right=Right.WRITE_EVENTS,
    description="Trackers send no key: the application id that they were given (`aid`) is one, where no header carries "
    "another; so name it among the site's keys.",
    parameters=(CHANNEL,),
    body=(PostedPayload,),
    answer=Accepted,
    refusals=WRITING,
    cookies=True,
)
SNOWPLOW_PIXEL = Route(
    name="snowplow_pixel",
    method="GET",
    paths=("/i",),
    summary="One Snowplow event as a query, answered by a pixel",
    right=Right.WRITE_EVENTS,
    parameters=(
        Parameter("e", "pv, pp, se, ue, tr or ti."),
        Parameter("aid", "The application id, which is the key."),
        Parameter("uid", "The customer."),
        Parameter("duid", "The browser."),
    ),
    media="image/gif",
    refusals=WRITING,
)
SITE_SETTINGS = Route(
    name="site_settings",
    method="GET",
    paths=("/v1/projects/{key}/settings", "/projects/{key}/settings"),
    summary="The settings that an SDK of Segment asks for (its cdnURL)",
    parameters=(Parameter("key", "The API key.", place="path", required=True),),
    refusals=(401, 403),
)
SOURCE_CONFIG = Route(
    name="source_config",
    method="GET",
    paths=("/sourceConfig",),
    summary="The configuration that an SDK of RudderStack asks for (its configUrl)",
    parameters=(Parameter("writeKey", "The API key, where no header carries it."),),
    refusals=(400, 401, 403),
)

FOREIGN = (CLOUD_EVENTS, MEASUREMENT, SNOWPLOW, SNOWPLOW_PIXEL, SITE_SETTINGS, SOURCE_CONFIG)
