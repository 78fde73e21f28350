"""`caudal up`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from streams.settings import Settings


def up(
    *,
    json: Annotated[bool, Parameter(negative="")] = False,
    port: Annotated[int, Parameter(validator=Number(gte=0, lte=65535))] = 0,
    data: Path | None = None,
    settings: Annotated[Settings | None, Parameter(name="*")] = None,
) -> None:
    """Run the whole system on this machine, loaded but without traffic.

    For one's own site, app or SDK to talk to. Broker and Valkey are embedded unless `--broker` or `--redis-url` name
    others; they keep everything in memory, so each start is a fresh one. SIGTERM or Ctrl-C ends all of it.

    Parameters
    ----------
    json
        Print one JSON object with addresses and keys as the first line of stdout, once all is ready.
    port
        Port of the gateway; 0 for any free one.
    data
        Folder for the logs of all processes; a temporary one by default, gone in the end.
    """
    from caudal.uptime import stay_up

    stay_up(settings or Settings(), port=port, data=data, json=json)
