"""`caudal topics create`."""

from typing import Annotated

from cyclopts import Parameter

from streams.settings import Settings


def create(*, settings: Annotated[Settings | None, Parameter(name="*")] = None) -> None:
    """Create the topics that are missing; tells what it changed.

    Do it once before the first worker starts, and again after an upgrade; it never changes a topic that exists.
    """
    from streams.topics.provision import provision

    for topic in provision(settings or Settings()):
        print(f"{topic.outcome:8} {topic.topic} ({topic.partitions} partitions)")
