"""Who is asking: API keys, kept as digests, compared in constant time."""

import binascii
import hmac
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from gateway.errors import Refused
from gateway.rights import RIGHTS, Right, Scope, scopes_with
from gateway.settings import GatewaySettings

Headers = Mapping[bytes, bytes]
"""Header values by lower-case name, as ASGI gives them."""


@dataclass(frozen=True)
class Key:
    """id: names the key in logs and rejects without giving it away. digest: SHA-256 of the secret."""

    id: str
    scope: Scope
    digest: bytes

    @classmethod
    def of(cls, scope: Scope, secret: str) -> "Key":
        digest = sha256(secret.encode()).digest()
        return cls(f"{scope}:{digest.hex()[:8]}", scope, digest)


class KeyRing:
    """All keys of the gateway."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = tuple(keys)

    def __len__(self) -> int:
        return len(self._keys)

    @classmethod
    def from_settings(cls, settings: GatewaySettings) -> "KeyRing":
        listed = {
            Scope.SITE: settings.site_keys,
            Scope.APP: settings.app_keys,
            Scope.STORE: settings.store_keys,
            Scope.ADMIN: settings.admin_keys,
        }
        secrets = ((scope, text.get_secret_value().split(",")) for scope, text in listed.items())
        return cls(Key.of(scope, secret.strip()) for scope, given in secrets for secret in given if secret.strip())

    def admit(self, secret: str, right: Right) -> Key:
        """The key of the secret. Raises Refused: 401 for an unknown key, 403 for one that may not do this."""
        key = self._find(secret)
        if key is None:
            raise Refused(401, "unknown_key", _HOW_TO_SEND_A_KEY)
        if right not in RIGHTS[key.scope]:
            may = " or ".join(scopes_with(right))
            raise Refused(403, "wrong_scope", f"A {key.scope} key may not {_spoken(right)}; use a key of scope {may}.")
        return key

    def _find(self, secret: str) -> Key | None:
        """Every key is compared, so the time taken tells nothing about which one came close."""
        digest = sha256(secret.encode("utf-8", "surrogateescape")).digest()
        found = None
        for key in self._keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found


def presented_key(headers: Headers) -> str:
    """The secret in the headers, "" if there is none: Basic (key as user name), Bearer, or X-Api-Key."""
    authorization = headers.get(b"authorization")
    if authorization is None:
        return headers.get(b"x-api-key", b"").decode("latin-1")
    scheme, _, value = authorization.decode("latin-1").partition(" ")
    match scheme.lower():
        case "basic":
            return _user_name(value)
        case "bearer":
            return value.strip()
    return ""


def _user_name(encoded: str) -> str:
    try:
        return b64decode(encoded, validate=False).decode("latin-1").partition(":")[0]
    except (binascii.Error, ValueError):
        return ""


def _spoken(right: Right) -> str:
    return right.replace("_", " ")


_HOW_TO_SEND_A_KEY = (
    "No key, or one that is not known here. Send it as `Authorization: Basic base64(key + ':')`, "
    "`Authorization: Bearer key` or `X-Api-Key: key`; events may carry it as `writeKey` in the body."
)
