"""`caudal outcomes`."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from streams.settings import Settings


def outcomes(
    *,
    file: Path | None = None,
    settings: Annotated[Settings | None, Parameter(name="*")] = None,
) -> None:
    """Write what was shown and what became of it: one JSON object for each place of an answer that was seen.

    The form is that of `caudal evaluate policy`. Customers are named by their ids, so the file is personal.

    Parameters
    ----------
    file
        Write to this file instead of to stdout.
    """
    from recommender.evaluation.choices import write_choices
    from streams.outcomes import joined

    found = asyncio.run(joined(settings or Settings()))
    choices = found.choices()
    written = write_choices(choices)
    if file is None:
        sys.stdout.buffer.write(written)
    else:
        file.write_bytes(written)
    told = f"{len(choices)} places seen, {sum(len(choice.candidates) > 1 for choice in choices)} of them left to chance"
    left = f"; {found.orphans} successes whose impression is gone" if found.orphans else ""
    unreadable = f"; {found.unreadable} values that are no outcome" if found.unreadable else ""
    print(told + left + unreadable, file=sys.stderr)
