"""`caudal models`: which published version serves, and which is tried beside it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
from cyclopts import Parameter

from streams.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from recommender.rollout import Kind, Rollout

Configured = Annotated[Settings | None, Parameter(name="*")]


class Listed(NamedTuple):
    """created, last: ISO 8601, when it was trained and until when it knows purchases. role: what it does."""

    version: str
    created: str
    last: str
    role: str


def list_(*, json: Annotated[bool, Parameter(negative="")] = False, settings: Configured = None) -> None:
    """Show the published versions: which serves, which is tried, which wait.

    Parameters
    ----------
    json
        Print one JSON object a line instead of a table.
    """
    from recommender.rollout import read_rollout

    models = (settings or Settings()).models
    listed = _listed(models, read_rollout(models))
    if json:
        for one in listed:
            print(msgspec.json.encode(one._asdict()).decode())
        return
    _tell_table(listed, models)


def candidate(version: str, *, share: float, settings: Configured = None) -> None:
    """Let a version answer a share of the customers; the others keep the one that serves.

    A customer is of the share or not, whichever process decides and however often; a larger share keeps those of the
    smaller one. The version is read and checked first. Where the newest serves, the one before it does meanwhile.

    Parameters
    ----------
    version
        As `caudal models list` and `caudal train` name it.
    share
        Percent of the customers.
    """
    from recommender.rollout import Kind

    _try(version, Kind.CANDIDATE, share, settings)


def shadow(version: str, *, share: float = 10.0, settings: Configured = None) -> None:
    """Compare a version with the one that serves, on a share of the gateways' answers; nobody is shown what it says.

    Read `caudal_shadow_overlap`, `caudal_shadow_seconds` and `caudal_shadow_answers` of the gateways' metrics.

    Parameters
    ----------
    version
        As `caudal models list` and `caudal train` name it.
    share
        Percent of the answers.
    """
    from recommender.rollout import Kind

    _try(version, Kind.SHADOW, share, settings)


def promote(*, settings: Configured = None) -> None:
    """Let the version that is tried serve everybody; newer ones wait until they are tried, or for `follow`."""
    from recommender.model import load
    from recommender.rollout import promoted

    def change(rollout: "Rollout", _: "Sequence[str]") -> "Rollout":
        new = promoted(rollout)
        load(models / new.serving)
        return new

    models = (settings or Settings()).models
    _change(models, change)


def rollback(*, settings: Configured = None) -> None:
    """End what is tried. Where nothing is: go back to the version that served before, which is then held."""
    from recommender.model import load
    from recommender.rollout import rolled_back

    def change(rollout: "Rollout", known: "Sequence[str]") -> "Rollout":
        new = rolled_back(rollout, known)
        if rollout.trial is None:
            load(models / new.serving)
        return new

    models = (settings or Settings()).models
    _change(models, change)


def hold(*, settings: Configured = None) -> None:
    """Let what serves go on serving, whatever is trained: new versions wait until they are tried."""
    from recommender.rollout import held

    _change((settings or Settings()).models, held)


def follow(*, settings: Configured = None) -> None:
    """Let the newest version serve, and each that is published, as without any of these commands.

    Also mends a rollout file that cannot be read.
    """
    from recommender.rollout import Rollout, write_rollout

    models = (settings or Settings()).models
    models.mkdir(parents=True, exist_ok=True)
    write_rollout(models, Rollout())
    _tell(models, Rollout())


def _try(version: str, kind: "Kind", share: float, settings: Settings | None) -> None:
    from recommender.model import load
    from recommender.rollout import Trial, tried

    def change(rollout: "Rollout", known: "Sequence[str]") -> "Rollout":
        new = tried(rollout, Trial(version, kind, share), known)
        load(models / version)
        return new

    models = (settings or Settings()).models
    _change(models, change)


def _change(models: Path, change: "Callable[[Rollout, Sequence[str]], Rollout]") -> None:
    """Raises RolloutRefused and ModelRefused, with everything as it was."""
    from recommender.model import versions
    from recommender.rollout import read_rollout, write_rollout

    rollout = change(read_rollout(models), [folder.name for folder in versions(models)])
    write_rollout(models, rollout)
    _tell(models, rollout)


def _tell(models: Path, rollout: "Rollout") -> None:
    print(*(f"{one.version} {one.role}" for one in _listed(models, rollout) if one.role), sep="\n")
    print("workers and gateways take it up within seconds")


def _listed(models: Path, rollout: "Rollout") -> list[Listed]:
    """Oldest first."""
    from recommender.model import versions
    from recommender.rollout import serving

    known = [folder.name for folder in versions(models)]
    now = serving(rollout, known)
    gone = [name for name in (now, rollout.trial.version if rollout.trial else "") if name and name not in known]
    return [_one(models, version, now, rollout) for version in sorted({*known, *gone})]


def _one(models: Path, version: str, serving: str, rollout: "Rollout") -> Listed:
    from recommender.manifest import read_manifest

    role = _role(version, serving, rollout)
    try:
        manifest = read_manifest(models / version)
    except (OSError, ValueError) as fault:
        return Listed(version, "", "", f"{role}, but cannot be read: {fault}".lstrip(", "))
    return Listed(version, _time(manifest.created), _time(manifest.last), role)


def _role(version: str, serving: str, rollout: "Rollout") -> str:
    if version == serving:
        return "serves, held" if rollout.serving else "serves, as the newest"
    if rollout.trial is not None and version == rollout.trial.version:
        return rollout.trial.told
    return "waits" if version > serving else ""


def _tell_table(listed: list[Listed], models: Path) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from caudal.text import printable

    table = Table("version", "trained", "knows until", "role")
    for one in listed:
        table.add_row(*(Text(printable(text)) for text in one))
    console = Console()
    console.print(table if listed else f"no version in {models}: `caudal train` makes one")


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if seconds else ""
