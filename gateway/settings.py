"""The settings of the gateway beside those of every process: keys, address, deadlines and limits."""

from typing import Annotated

from pydantic import Field, SecretStr

from streams.settings import Settings


class GatewaySettings(Settings):
    """Field descriptions are the settings reference, as in `Settings`."""

    host: Annotated[str, Field(description="Address the gateway listens on; loopback unless told otherwise.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Field(ge=0, le=65535, description="Port the gateway listens on; 0 for any free one.")] = 8080
    site_keys: Annotated[
        SecretStr, Field(description="Keys of web sites, comma separated. Public by nature: write events, read slates.")
    ] = SecretStr("")
    app_keys: Annotated[SecretStr, Field(description="Keys of mobile apps, comma separated.")] = SecretStr("")
    store_keys: Annotated[
        SecretStr, Field(description="Keys of store systems (beacon gateways, tills), comma separated.")
    ] = SecretStr("")
    admin_keys: Annotated[
        SecretStr, Field(description="Keys of operators and server integrations, comma separated: may do everything.")
    ] = SecretStr("")
    accept_deadline: Annotated[
        float,
        Field(gt=0, description="Seconds until events that Kafka did not acknowledge are answered 503; senders retry."),
    ] = 3.0
    publish_pace_ms: Annotated[
        float,
        Field(
            ge=0,
            description="Milliseconds between the beginnings of two rounds of writing to Kafka at least: events of "
            "concurrent requests go together; after a silence none waits, and a crowd does not wait. 0 writes at once.",
        ),
    ] = 8.0
    body_deadline: Annotated[
        float, Field(gt=0, description="Seconds a sender may take to send a body; ends slow-body attacks.")
    ] = 30.0
    body_limit: Annotated[
        int, Field(gt=0, description="Bytes of a request body as sent; the largest client library stops at 4 MB.")
    ] = 4 << 20
    inflated_limit: Annotated[
        int, Field(gt=0, description="Bytes of a request body after gzip; repeated events compress 200 to 1.")
    ] = 16 << 20
    batch_limit: Annotated[int, Field(gt=0, description="Events of one batch; client libraries stop at 1,000.")] = 5000
    key_rate: Annotated[
        float,
        Field(
            ge=0,
            description="Events a second that one key may send to this process, five seconds' worth at once; more is "
            "answered 429 with Retry-After. 0 for no limit: often one key is the whole site's.",
        ),
    ] = 0.0
    pending_limit: Annotated[
        int,
        Field(gt=0, description="Bytes of all requests in flight; beyond it senders get 503 and wait. Bounds memory."),
    ] = 64 << 20
    stream_limit: Annotated[
        int, Field(ge=0, description="Open inbox streams of one process, about 30 KB each; more get 503.")
    ] = 1000
    mqtt_url: Annotated[
        SecretStr,
        Field(
            description="MQTT broker of the beacon gateways, as `mqtt://user:password@host:1883` (`mqtts://` for TLS); "
            "none by default. For one gateway process: two would both tell of every tag."
        ),
    ] = SecretStr("")
    mqtt_topics: Annotated[
        str,
        Field(description="Topics listened to, comma separated: those of ESPresense, OpenMQTTGateway, Minew, Kontakt."),
    ] = "espresense/devices/+/+,home/+/BTtoMQTT/#,/gw/+/status,/presence/stream/+"
    mqtt_tags: Annotated[
        str,
        Field(
            description="How the ids of your own tags begin, comma separated: a UUID, a MAC address or its beginning. "
            "What begins otherwise is somebody's phone and is dropped unseen; so by default everything is."
        ),
    ] = ""
    model_interval: Annotated[float, Field(gt=0, description="Seconds between looks for a newer model.")] = 2.0
    exploration: Annotated[
        float,
        Field(
            ge=0,
            le=0.5,
            description="Probability that each of the places 8 to 10 of a slate shows another item that passed the "
            "filters, for `caudal evaluate policy` to compare policies by. 0 tries nothing.",
        ),
    ] = 0.0
    drain_timeout: Annotated[
        float,
        Field(gt=0, description="Seconds that requests in flight get when the gateway stops; all ends within 10."),
    ] = 8.0
