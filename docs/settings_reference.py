"""Makes docs/settings.md from the settings themselves: `make docs`. A test compares the two."""

from enum import Enum
from pathlib import Path
from types import UnionType
from typing import get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from gateway.settings import GatewaySettings
from streams.settings import Settings

HEADER = """\
# Settings

Each setting is an environment variable and a flag of every command that uses it: `CAUDAL_REDIS_URL` is `--redis-url`.
This page is made from [streams/settings.py](../streams/settings.py) and
[gateway/settings.py](../gateway/settings.py) by `make docs`.
"""


def page() -> str:
    """The whole page, as Markdown."""
    own = {
        name: field for name, field in GatewaySettings.model_fields.items() if Settings.model_fields.get(name) != field
    }
    return "\n".join(
        [
            HEADER,
            "## Every process",
            "",
            *_table(Settings.model_fields),
            "",
            "## The gateway",
            "",
            *_table(own),
            "",
        ]
    )


def _table(fields: dict[str, FieldInfo]) -> list[str]:
    rows = [f"| `CAUDAL_{name.upper()}` | {_kind(field)} | {_default(field)} | {_meaning(field)} |"
            for name, field in fields.items()]  # fmt: skip
    return ["| variable | kind | default | meaning |", "|---|---|---|---|", *rows]


def _kind(field: FieldInfo) -> str:
    kind = field.annotation
    if kind is SecretStr:
        return "secret"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " \\| ".join(f"`{member.value}`" for member in kind)
    if isinstance(kind, UnionType):
        return " or ".join(getattr(part, "__name__", str(part)) for part in get_args(kind))
    return getattr(kind, "__name__", str(kind)).lower()


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, SecretStr):
        return "none"
    if isinstance(value, Enum):
        return f"`{value.value}`"
    if isinstance(value, Path):
        return f"`{str(value).replace(str(Path.home()), '~')}`"
    return f"`{value}`" if value not in ("", None) else "none"


def _meaning(field: FieldInfo) -> str:
    return " ".join((field.description or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    print(page(), end="")
