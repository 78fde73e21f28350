"""Is the process alive, is it ready, what does it count: for orchestrators and Prometheus."""

import asyncio
import ipaddress
import time
from dataclasses import dataclass, field

from litestar.response.base import ASGIResponse

from gateway.admission import Admission
from gateway.answers import Liveness, Readiness
from gateway.door import Asked
from gateway.keys import KeyRing, presented_key
from gateway.meters import Meters
from gateway.ports import Publishing
from gateway.responses import answer, text
from gateway.rights import Right
from streams.state import StateUnavailable, Views
from streams.topics.publisher import PublishFailed

PATIENCE = 1.0
"""Seconds a dependency may take to answer before it counts as missing."""

FRESH = 1.0
"""Seconds for which a look at the dependencies is believed, however often it is asked for."""

ALIVE = Liveness()
EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


@dataclass
class Health:
    """The last look at the dependencies is shared by all who ask."""

    keys: KeyRing
    views: Views
    publisher: Publishing
    admission: Admission
    meters: Meters
    _looked: float = field(default=float("-inf"), init=False)
    _found: Readiness = field(default_factory=lambda: Readiness(False, {}), init=False)
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def live(self, request: Asked) -> ASGIResponse:
        return answer(ALIVE)

    async def ready(self, request: Asked) -> ASGIResponse:
        readiness = await self._readiness()
        return answer(readiness, 200 if readiness.ready else 503)

    async def metrics(self, request: Asked) -> ASGIResponse:
        client = request.scope["client"]
        if not (client and _is_loopback(client[0])):
            self.keys.admit(presented_key(dict(request.scope["headers"])), Right.READ_METRICS)
        return text(self.meters.exposition(self.admission.occupied), EXPOSITION)

    async def _readiness(self) -> Readiness:
        async with self._looking:
            if time.monotonic() - self._looked > FRESH:
                redis, kafka = await asyncio.gather(self._redis(), self._kafka())
                self._found = Readiness(redis == kafka == "ok", {"redis": redis, "kafka": kafka})
                self._looked = time.monotonic()
        return self._found

    async def _redis(self) -> str:
        try:
            async with asyncio.timeout(PATIENCE):
                await self.views.ping()
        except StateUnavailable as fault:
            return str(fault) or "does not answer"
        except TimeoutError:
            return f"no answer within {PATIENCE:g} s"
        return "ok"

    async def _kafka(self) -> str:
        try:
            await self.publisher.ping(PATIENCE)
        except PublishFailed as fault:
            return str(fault) or "does not answer"
        return "ok"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
