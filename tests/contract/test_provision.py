"""Topics are created once, as declared, and never changed behind anybody's back."""

import os

import pytest
from kafka import KafkaAdminClient

from caudal.embedded import embedded_broker
from streams.settings import Settings
from streams.topics import ALL, CATALOG, CUSTOMER_EVENTS, REJECTED, WEB, Topic
from streams.topics.provision import Outcome, ProvisionFailed, configuration, partitions_of, provision
from tests.contract.conftest import Broker
from tests.servers import BROKER


def test_missing_topics_are_created_and_existing_ones_left_alone() -> None:
    with embedded_broker() as server:
        settings = Settings(broker=server.address, channel_partitions=3, customer_partitions=5)

        first = provision(settings, ALL[:6])
        second = provision(settings)

        assert [topic.outcome for topic in first] == [Outcome.CREATED] * 6
        assert [topic.outcome for topic in second] == [Outcome.EXISTS] * 6 + [Outcome.CREATED] * (len(ALL) - 6)
        assert {topic.topic: topic.partitions for topic in second} == _partitions(server.address)


def test_every_topic_has_the_partitions_that_the_settings_want(broker: Broker) -> None:
    assert _partitions(broker.address) == {topic.name: partitions_of(topic, broker.settings) for topic in ALL}


def test_a_topic_cut_differently_is_refused_with_both_numbers(broker: Broker) -> None:
    other = broker.settings.model_copy(update={"customer_partitions": 5})

    with pytest.raises(ProvisionFailed, match=r"customer-events has 8 partitions, the settings want 5\. Set CAUDAL_"):
        provision(other)
    assert _partitions(broker.address)[CUSTOMER_EVENTS.name] == 8


@pytest.mark.parametrize(("broker", "why"), [("127.0.0.1:1", "refused"), ("nowhere", "is not host:port")])
def test_a_broker_that_is_not_there_is_named(broker: str, why: str) -> None:
    with pytest.raises(ProvisionFailed, match=f"cannot reach Kafka at {broker}: .*{why}"):
        provision(Settings(broker=broker))


@pytest.mark.skipif(BROKER not in os.environ, reason="the embedded broker creates whatever it is asked for")
def test_more_replicas_than_brokers_are_refused_with_the_reason(broker: Broker) -> None:
    wanted = broker.settings.model_copy(update={"replication": 3})

    with pytest.raises(ProvisionFailed, match="cannot create extra: InvalidReplicationFactor"):
        provision(wanted, [Topic("extra", "a test", "any")])


def test_reference_topics_keep_the_last_value_for_ever_and_events_expire() -> None:
    assert configuration(CATALOG)["cleanup.policy"] == "compact"
    assert configuration(CATALOG)["retention.ms"] == "-1"
    assert configuration(WEB)["cleanup.policy"] == "delete"
    assert configuration(WEB)["retention.ms"] == str(7 * 86_400_000)


def test_a_rejected_record_has_room_for_the_largest_event_in_base64() -> None:
    assert int(configuration(REJECTED)["max.message.bytes"]) > int(configuration(WEB)["max.message.bytes"]) * 4 / 3


def _partitions(address: str) -> dict[str, int]:
    admin = KafkaAdminClient(bootstrap_servers=address.split(","))
    try:
        found = admin.describe_topics([topic.name for topic in ALL])
        return {topic["name"]: len(topic["partitions"]) for topic in found}
    finally:
        admin.close()
