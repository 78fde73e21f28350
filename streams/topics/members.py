"""Who is in a consumer group: whether workers run."""

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code

from streams.topics.records import PublishFailed


async def members(broker: str, group: str) -> int:
    """How many. One that was killed counts until its session has timed out. Raises PublishFailed."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    try:
        await admin.start()
        [described] = await admin.describe_consumer_groups([group])
        [found] = described.to_object()["groups"]
        if found["error_code"]:
            raise for_code(found["error_code"])
        return len(found["members"])
    except (KafkaError, OSError) as fault:
        raise PublishFailed(f"Kafka at {broker} does not tell who is in group {group}: {fault!r}") from fault
    finally:
        await admin.close()
