"""Which published version serves and which is tried beside it: one small file among the versions, replaced whole.

Without the file the newest version serves. Once it names one, versions serve by command only and newer ones wait.
"""

from collections.abc import Sequence
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from secrets import token_hex
from typing import Annotated

import msgspec

from recommender.manifest import sync, write

ROLLOUT = "rollout.json"

Version = Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z0-9][A-Za-z0-9_-]{0,99})?$")]
"""A folder's name, never a path; "" for none."""


class RolloutRefused(Exception):
    """What was asked for, or what the file says, cannot be; everything stays as it is."""


class Kind(StrEnum):
    """How a version is tried."""

    CANDIDATE = "candidate"
    """It answers its share of the customers."""

    SHADOW = "shadow"
    """It is asked beside the other for its share of the answers, and nobody sees what it says."""


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """share: percent, of customers for a candidate, of a gateway's answers for a shadow."""

    version: Version
    kind: Kind
    share: Annotated[float, msgspec.Meta(gt=0, le=100)]

    def includes(self, whom: str) -> bool:
        """Whether this customer, or answer, is of the share: the same in every process and at any time.

        Uniform in [0, 100) by BLAKE2b of version and name: who is of 10 % is of 20 %, and the next version begins
        with other customers.
        """
        digest = blake2b(f"{self.version}\x00{whom}".encode(errors="surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "little") * 100.0 < self.share * 2.0**64

    @property
    def told(self) -> str:
        if self.kind is Kind.SHADOW:
            return f"in shadow of {self.share:g} % of a gateway's answers"
        return f"candidate for {self.share:g} % of the customers"


class Rollout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """serving: "" for whatever is newest. before: what served until the last promotion, "" where that is unknown."""

    serving: Version = ""
    trial: Trial | None = None
    before: Version = ""


def read_rollout(models: Path) -> Rollout:
    """Raises RolloutRefused for a file that is torn or foreign, OSError for one that cannot be read."""
    try:
        return _decoded((models / ROLLOUT).read_bytes())
    except FileNotFoundError:
        return Rollout()
    except ValueError as fault:
        raise RolloutRefused(
            f"{models / ROLLOUT}: {fault}; `caudal models follow` makes the newest version serve again"
        ) from fault


def _decoded(raw: bytes) -> Rollout:
    """Raises ValueError (msgspec.DecodeError among it)."""
    return msgspec.json.decode(raw, type=Rollout)


def write_rollout(models: Path, rollout: Rollout) -> None:
    """Readers see the old one or the new one.

    Raises ValueError for what could not be read again, OSError where the disk refuses.
    """
    written = msgspec.json.format(msgspec.json.encode(rollout))
    _decoded(written)
    draft = models / f".rollout-{token_hex(8)}"
    try:
        write(draft, written)
        draft.rename(models / ROLLOUT)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync(models)


def serving(rollout: Rollout, known: Sequence[str]) -> str:
    """The version that serves all who are of no candidate's share, "" for none. known: complete ones, oldest first."""
    return rollout.serving or (known[-1] if known else "")


def answering(rollout: Rollout, known: Sequence[str], customer: str) -> str:
    """The version that answers this customer, "" for none."""
    trial = rollout.trial
    if trial is not None and trial.kind is Kind.CANDIDATE and trial.version in known and trial.includes(customer):
        return trial.version
    return serving(rollout, known)


def tried(rollout: Rollout, trial: Trial, known: Sequence[str]) -> Rollout:
    """With this trial in place of any other. Where the newest serves, the one before it does meanwhile if it is the
    newest that is tried. Raises RolloutRefused."""
    _check_known(trial.version, known)
    if not 0 < trial.share <= 100:
        raise RolloutRefused(f"--share {trial.share:g}: percent, more than 0 and at most 100")
    if trial.version == rollout.serving:
        raise RolloutRefused(f"{trial.version} serves already: there is nothing to try; `caudal models list` shows all")
    others = [version for version in known if version != trial.version]
    if not others:
        raise RolloutRefused(f"{trial.version} is the only version: there is none to serve beside it")
    return Rollout(serving=rollout.serving or others[-1], trial=trial, before=rollout.before)


def promoted(rollout: Rollout) -> Rollout:
    """What is tried serves. Raises RolloutRefused where nothing is."""
    if rollout.trial is None:
        raise RolloutRefused("nothing is being tried: begin with `caudal models candidate` or `caudal models shadow`")
    return Rollout(serving=rollout.trial.version, before=rollout.serving)


def rolled_back(rollout: Rollout, known: Sequence[str]) -> Rollout:
    """A trial ends; without one the version of before serves: the one that was promoted over, else the next older.

    Raises RolloutRefused where there is none.
    """
    if rollout.trial is not None:
        return Rollout(serving=rollout.serving, before=rollout.before)
    now = serving(rollout, known)
    older = [version for version in known if version < now]
    back = rollout.before or (older[-1] if older else "")
    if not back:
        raise RolloutRefused(f"there is no version older than {now or 'none'}: nothing to go back to")
    _check_known(back, known)
    return Rollout(serving=back)


def held(rollout: Rollout, known: Sequence[str]) -> Rollout:
    """What serves goes on serving, whatever is published. Raises RolloutRefused where nothing does."""
    now = serving(rollout, known)
    if not now:
        raise RolloutRefused("there is no version to hold: `caudal train` makes one")
    return Rollout(serving=now, trial=rollout.trial, before=rollout.before)


def missing(rollout: Rollout, known: Sequence[str]) -> str:
    """The version that is to serve or to be tried and is not there, "" for none."""
    named = (rollout.serving, rollout.trial.version if rollout.trial is not None else "")
    return next((version for version in named if version and version not in known), "")


def _check_known(version: str, known: Sequence[str]) -> None:
    if version not in known:
        shown = ", ".join(known[-5:]) or "none"
        raise RolloutRefused(f"no complete version is called {version[:100]!r}; the newest there are: {shown}")
