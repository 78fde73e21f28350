"""`caudal topics create` and `caudal topics accept`."""

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


def accept(*, settings: Annotated[Settings | None, Parameter(name="*")] = None) -> None:
    """Go on with topics that were deleted and created anew; for when a worker refused to start because of it.

    Stop all workers first. Ledgers begin anew for what was renewed, and everything that the topics retain is read
    again: what was applied before is recognised and dropped. May be repeated.
    """
    from streams.incarnations import accept_topics

    renewed = accept_topics(settings or Settings())
    for topic in renewed:
        print(f"accepted {topic}: its offsets count from 0 again")
    if not renewed:
        print("nothing to accept: these are the topics that the state was made from")
