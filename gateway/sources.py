"""What browser SDKs ask before they send anything: where to send it, and that there are no other destinations."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from litestar.response.base import ASGIResponse

from gateway.door import Asked
from gateway.keys import Headers, KeyRing, presented_key
from gateway.parameters import Parameters
from gateway.responses import JSON, text
from gateway.rights import Right

BATCH = {"size": 10, "timeout": 500}
"""Events of a batch at most, and milliseconds that the first of them waits: a page view is sent while it is open."""


@dataclass(frozen=True)
class Sources:
    """The settings of a site's SDK, the same for every key that may write events."""

    keys: KeyRing

    async def settings(self, request: Asked) -> ASGIResponse:
        """For the SDK of Segment. The key is in the path."""
        key = str(request.scope["path_params"]["key"])
        self.keys.admit(key, Right.WRITE_EVENTS)
        return text(msgspec.json.encode(segment_settings(key, _host(request), request.scope["scheme"])), JSON)

    async def configuration(self, request: Asked) -> ASGIResponse:
        """For the SDKs of RudderStack. The key is in a header or the query."""
        headers: Headers = dict(request.scope["headers"])
        key = presented_key(headers) or Parameters(request.scope["query_string"]).text("writeKey")
        self.keys.admit(key, Right.WRITE_EVENTS)
        return text(msgspec.json.encode(rudder_configuration(key)), JSON)


def segment_settings(key: str, host: str, scheme: str) -> Mapping[str, object]:
    """A `sampleRate` of 0: the SDK must not report about itself to its maker."""
    destination = {
        "apiKey": key,
        "apiHost": f"{host}/v1",
        "protocol": scheme,
        "deliveryStrategy": {"strategy": "batching", "config": BATCH},
        "unbundledIntegrations": [],
        "addBundledMetadata": True,
        "maybeBundledConfigIds": {},
        "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
    }
    everything = {"__default": {"enabled": True, "integrations": {}}}
    return {
        "integrations": {"Segment.io": destination},
        "plan": {
            "track": everything,
            "identify": {"__default": {"enabled": True}},
            "group": {"__default": {"enabled": True}},
        },
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }


def rudder_configuration(key: str) -> Mapping[str, object]:
    """A source without destinations: everything goes to this gateway."""
    source = {
        "id": "caudal",
        "name": "Caudal",
        "writeKey": key,
        "enabled": True,
        "workspaceId": "caudal",
        "config": {"statsCollection": {"errors": {"enabled": False}, "metrics": {"enabled": False}}},
        "destinations": [],
        "connections": [],
        "sourceDefinition": {"name": "Caudal"},
        "dataplanes": {},
    }
    return {"source": source, "isHosted": False}


def _host(request: Asked) -> str:
    """As the sender named it: behind a proxy only the sender knows."""
    host = next((value for name, value in request.scope["headers"] if name == b"host"), b"")
    return host.decode("latin-1")
