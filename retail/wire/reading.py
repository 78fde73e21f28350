"""JSON from outside into a type, or a refusal: whatever the bytes, nothing else is raised."""

from typing import TypeVar

import msgspec

from retail.errors import EventRefused

_T = TypeVar("_T")


def read(decoder: msgspec.json.Decoder[_T], raw: bytes | msgspec.Raw, part: str) -> _T:
    """part: of the event, for the message. Raises EventRefused: `wrong_type`, `malformed_json`, `too_deep`."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as fault:
        raise EventRefused("wrong_type", f"{part}: {fault}") from fault
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise EventRefused("malformed_json", f"{part} is not valid JSON in UTF-8: {fault}") from fault
    except RecursionError as fault:
        raise EventRefused("too_deep", f"{part} nests too deeply; flatten it") from fault


_object = msgspec.json.Decoder(dict[str, object])


def read_object(raw: bytes | msgspec.Raw, part: str) -> dict[str, object]:
    """A JSON object, whatever it holds. Raises EventRefused as `read` does."""
    values: dict[str, object] = read(_object, raw, part)
    return values
