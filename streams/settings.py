"""The settings of every process: each a flag and an environment variable `CAUDAL_*`, with unit, default, reason."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from retail.identifiers import NOBODY
from streams.shedding import Slates

DEFAULT_CACHE = Path.home() / ".cache" / "caudal"


class LogFormat(StrEnum):
    """How log lines look."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """The least urgent lines that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Settings(BaseSettings):
    """Field descriptions are the settings reference: `docs/settings.md` is made from them."""

    model_config = SettingsConfigDict(env_prefix="CAUDAL_", extra="ignore", frozen=True)

    broker: Annotated[str, Field(description="Kafka bootstrap servers, host:port, comma separated.")] = "127.0.0.1:9092"
    redis_url: Annotated[
        str,
        Field(
            description="Redis or Valkey that keeps the state. Of a cluster name some servers: redis://a:7001,b:7002/0."
        ),
    ] = "redis://127.0.0.1:6379/0"
    models: Annotated[
        Path,
        Field(
            description="Folder of published model versions; the newest complete one serves, unless `caudal models` "
            "says otherwise."
        ),
    ] = DEFAULT_CACHE / "models"
    group: Annotated[str, Field(description="Consumer group of the workers, and prefix of nothing else.")] = "caudal"
    channel_partitions: Annotated[
        int, Field(ge=1, description="Partitions of each channel topic; bounds how many workers can identify at once.")
    ] = 4
    customer_partitions: Annotated[
        int,
        Field(
            ge=1,
            description="Partitions of `customer-events` and of all that is keyed by customer. Part of every "
            "Redis key: changing it needs a migration.",
        ),
    ] = 8
    replication: Annotated[
        int, Field(ge=1, description="Replicas of each topic; 3 in production, 1 on one broker.")
    ] = 1
    idempotent_producer: Annotated[
        bool,
        Field(
            description="Idempotent Kafka producers. Off only for brokers without InitProducerId (the embedded one)."
        ),
    ] = True
    blocked_ids: Annotated[
        str,
        Field(
            description="Ids and e-mail addresses that stand for nobody, separated by commas, beside the usual ones "
            "(null, guest, ...): a till's own card, an address that staff types in. Upper and lower case are alike."
        ),
    ] = ""
    attribution_key: Annotated[
        SecretStr,
        Field(
            max_length=64,
            description="Secret, up to 64 characters, that seals the attribution tokens of answers; the same for all "
            "gateways and workers. Empty, whoever may write events can make up tokens, and with them outcomes.",
        ),
    ] = SecretStr("")
    session_timeout: Annotated[
        float,
        Field(gt=0, description="Seconds until a silent worker's partitions move. 6 is Kafka's minimum by default."),
    ] = 6.0
    slates: Annotated[
        Slates,
        Field(description="Warm slates: auto sheds them under lag, always and never are for measurements and trouble."),
    ] = Slates.AUTO
    slate_lag_budget: Annotated[
        float, Field(ge=0, description="Seconds of lag beyond which warm slates are shed and the read path decides.")
    ] = 2.0
    fetch_records: Annotated[
        int,
        Field(
            ge=1,
            description="Records of one fetch at most. Only a backlog makes it that large: a partition brings "
            "some 5000; of two partitions one is folded while Redis writes the other. 8000 take a third of a second.",
        ),
    ] = 8000
    fetch_wait_ms: Annotated[
        int,
        Field(
            ge=1,
            description="Milliseconds a fetch may wait at the broker for new records. Kafka answers as soon as there "
            "are some; the embedded broker does not, and waits this long.",
        ),
    ] = 500
    fetch_pace_ms: Annotated[
        float,
        Field(
            ge=0,
            description="Milliseconds between the beginnings of two rounds of fetches at least, half as many again "
            "where rounds bring less than 4 KB. A round costs a worker as much as sixty events, so at a steady trickle "
            "events wait for each other, half of this on average; after a silence none waits, and with a backlog "
            "rounds are further apart anyhow. 0 fetches as often as it can.",
        ),
    ] = 24.0
    kept_states_mb: Annotated[
        float,
        Field(
            ge=0,
            description="Megabytes of customers' states that a worker keeps decoded, over all its partitions, the most "
            "recently changed; decoded they take about three times that. Bounded by size, not by customers, since "
            "customers grow.",
        ),
    ] = 12.0
    recent_clicks: Annotated[
        int,
        Field(
            ge=0,
            description="Newest clicks of all customers that each process learns from, 32 bytes each and some 100 as "
            "an index; 0 learns by training alone. Of a busy shop they are the last quarter of an hour, of a small "
            "one the day since the last training.",
        ),
    ] = 200_000
    recent_hours: Annotated[
        float,
        Field(gt=0, description="Hours that a click is learned from; older ones are for the nightly training."),
    ] = 24.0
    snapshot_minutes: Annotated[
        float,
        Field(
            ge=0,
            description="Minutes between two snapshots of a partition's changed customers in Kafka, 0 for none. A "
            "Redis that lost everything is restored from them and at most so much of the log.",
        ),
    ] = 10.0
    metrics_port: Annotated[
        int, Field(ge=0, le=65535, description="Port of the worker's Prometheus endpoint on loopback; 0 for none.")
    ] = 0
    log_format: Annotated[
        LogFormat,
        Field(description="Lines of the log: auto is JSON, one object a line, unless a person watches the terminal."),
    ] = LogFormat.AUTO
    log_level: Annotated[
        LogLevel, Field(description="The least urgent log lines that are written; libraries are one step quieter.")
    ] = LogLevel.INFO
    stop_timeout: Annotated[
        float, Field(gt=0, description="Seconds a worker may take to stop before it exits hard; nothing is lost by it.")
    ] = 25.0
    stall_timeout: Annotated[
        float,
        Field(
            gt=0,
            description="Seconds without any progress, with records waiting and nothing down, after which the watchdog "
            "ends a worker. A whole fetch takes a fifth of a second; thirty are not a slow machine any more.",
        ),
    ] = 30.0
    redis_timeout: Annotated[
        float,
        Field(gt=0, description="Seconds a worker waits for Redis before it tries again; a large commit takes 0.05 s."),
    ] = 5.0
    read_deadline: Annotated[
        float,
        Field(gt=0, description="Seconds a request may wait for Redis before it is answered without the state."),
    ] = 0.05
    slate_days: Annotated[
        float, Field(gt=0, description="Days a warm slate lives without being renewed; older is no better than none.")
    ] = 7.0
    inbox_messages: Annotated[
        int, Field(ge=1, description="Messages kept in a customer's inbox, the newest; bounds memory per customer.")
    ] = 100
    inbox_days: Annotated[
        float, Field(gt=0, description="Days an inbox lives after its last message; offers in it are over by then.")
    ] = 30.0

    @property
    def blocked(self) -> frozenset[str]:
        """In lower case."""
        given = (value.strip().lower() for value in self.blocked_ids.split(","))
        return NOBODY | {value for value in given if value}

    @property
    def kept_states_bytes(self) -> int:
        return int(self.kept_states_mb * 1_000_000)
