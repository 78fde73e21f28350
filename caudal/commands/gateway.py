"""`caudal gateway`."""

from typing import Annotated

from cyclopts import Parameter

from gateway.settings import GatewaySettings


def gateway(*, settings: Annotated[GatewaySettings | None, Parameter(name="*")] = None) -> None:
    """Run the HTTP gateway.

    Events and sightings come in, recommendations, offers and messages go out. Runs until SIGTERM. It starts, and
    answers, also while Kafka or Redis are down; `/readyz` tells what is missing.
    """
    from caudal.interrupts import end_at_once, heeded

    end_at_once()
    from caudal.start_up import start_up
    from gateway.process import serve

    settings = settings or GatewaySettings()
    start_up(settings)
    serve(settings, heeded())
