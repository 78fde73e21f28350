"""`caudal worker`."""

from typing import Annotated

import structlog
from cyclopts import Parameter

from streams.settings import Settings


def worker(*, settings: Annotated[Settings | None, Parameter(name="*")] = None) -> int:
    """Run a worker: identify, journey and deliver.

    Runs until SIGTERM. Start as many as there are cores to give, on as many machines as you like: they share the
    partitions among themselves, and take over what one that died leaves behind.
    """
    from caudal.heap import keep_small
    from caudal.logs import configure
    from caudal.misspelt import strangers
    from streams.process import run

    settings = settings or Settings()
    keep_small()
    configure(settings.log_format, settings.log_level)
    for sentence in strangers():
        structlog.get_logger().warning(sentence)
    return run(settings)
