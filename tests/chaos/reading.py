"""Customers who ask for recommendations all the time, and what they are answered."""

import http.client
import json
import re
import threading
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from urllib.parse import urlsplit
from urllib.request import urlopen

from tests.processes import Gateway

UNAVAILABLE = "state_unavailable"
"""Why an answer is not personal while Redis does not answer in time."""

HANGS = 5.0
"""Seconds without an answer that are no answer: a hundred times the deadline of a read."""

SLOW = "1.0"
"""Seconds, as a bucket of the gateway's histogram: twenty times the deadline of a read, so that whatever takes longer
waited for something else, on however busy a machine."""

PAUSE = 0.01
"""Seconds between an answer and the next question."""


@dataclass
class Reader:
    """answers: by status and by what was fallen back to, "" for a slate of the customer's own. hung: no answer at all.

    late: answers that took longer than SLOW by the gateway's own count, known once the reading is over.
    """

    gateway: Gateway
    answers: Counter[tuple[int, str]] = field(default_factory=Counter)
    hung: int = 0
    late: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def statuses(self) -> set[int]:
        return {status for status, _ in self.answers}

    def share(self, fallback: str) -> float:
        """Of the answers, those that fell back to this."""
        return sum(n for (_, why), n in self.answers.items() if why == fallback) / max(1, self.answers.total())

    def run(self, customers: Sequence[str]) -> None:
        place = urlsplit(self.gateway.url).netloc
        connection = http.client.HTTPConnection(place, timeout=HANGS)
        headers = {"Authorization": "Basic " + b64encode(f"{self.gateway.keys['site']}:".encode()).decode()}
        for customer in cycle(customers):
            if self._over.wait(PAUSE):
                break
            try:
                connection.request("GET", f"/v1/recommendations?customer={customer}", headers=headers)
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException):
                self.hung += 1
                connection.close()
            else:
                told = json.loads(body) if answer.status == 200 else {}
                self.answers[answer.status, str(told.get("fallback", ""))] += 1
        connection.close()

    def stop(self) -> None:
        self._over.set()


def check_answers(reader: Reader) -> None:
    """Everybody was answered by 200, and all but one in a hundred without a delay. Raises AssertionError."""
    asked = reader.answers.total()
    assert asked > 50, "hardly anybody asked, so nothing was tried"
    assert reader.statuses == {200}, reader.answers
    assert not reader.hung, f"{reader.hung} had no answer at all"
    assert reader.late <= asked / 100, f"{reader.late} of {asked} waited"


@contextmanager
def reading(gateway: Gateway, customers: Sequence[str]) -> Iterator[Reader]:
    """They ask while the block runs."""
    reader, before = Reader(gateway), _late(gateway)
    thread = threading.Thread(target=reader.run, args=(customers,), name="reader", daemon=True)
    thread.start()
    try:
        yield reader
    finally:
        reader.stop()
        thread.join()
        reader.late = _late(gateway) - before


def _late(gateway: Gateway) -> int:
    """Recommendations that took longer than SLOW since the gateway began, as its metrics tell."""
    with urlopen(f"{gateway.url}/metrics", timeout=HANGS) as response:  # a URL we made ourselves
        text = response.read().decode()
    within = {
        limit: float(count)
        for labels, count in re.findall(r"^caudal_http_seconds_bucket\{(.+)\} (\S+)$", text, re.MULTILINE)
        for limit in re.findall(r'le="([^"]+)"', labels)
        if 'route="recommendations"' in labels
    }
    return int(within.get("+Inf", 0) - within.get(SLOW, 0))
