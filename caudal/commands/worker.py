"""`caudal worker`."""

from typing import Annotated

from cyclopts import Parameter

from streams.settings import Settings


def worker(*, settings: Annotated[Settings | None, Parameter(name="*")] = None) -> int:
    """Run a worker: identify, journey and deliver.

    Runs until SIGTERM; Kafka and Redis are waited for. Start as many as there are cores to give, on as many machines
    as you like: they share the partitions among themselves, and take over what one that died leaves behind.
    """
    from caudal.interrupts import end_at_once, heeded

    end_at_once()
    from caudal.start_up import start_up
    from streams.process import run

    settings = settings or Settings()
    start_up(settings)
    return run(settings, heeded())
