"""`caudal gateway`."""

from typing import Annotated

import structlog
from cyclopts import Parameter

from gateway.settings import GatewaySettings


def gateway(*, settings: Annotated[GatewaySettings | None, Parameter(name="*")] = None) -> None:
    """Run the HTTP gateway.

    Events and sightings come in, recommendations, offers and messages go out. Runs until SIGTERM. It starts, and
    answers, also while Kafka or Redis are down; `/readyz` tells what is missing.
    """
    from caudal.heap import keep_small
    from caudal.logs import configure
    from caudal.misspelt import strangers
    from gateway.process import serve

    settings = settings or GatewaySettings()
    keep_small()
    configure(settings.log_format, settings.log_level)
    for sentence in strangers():
        structlog.get_logger().warning(sentence)
    serve(settings)
