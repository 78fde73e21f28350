"""Client libraries as their makers publish them, given nothing but our host: what they send is applied, once.

Each identifies a customer and views a product; node and browser libraries come from tests/sdk, pinned by its lock.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from retail.correspondence import LETTERS
from retail.events import decode_event
from streams.settings import Settings
from streams.topics import CUSTOMER_EVENTS
from tests.live.test_gateway import lonely_gateway
from tests.live.test_worker import read_all
from tests.patience import PATIENCE
from tests.processes import Gateway, gateway_process, worker_process
from tests.sdk.brokers import mqtt_broker
from tests.sdk.senders import HERE, Witness, browsing, run_python, run_script, run_snippet
from tests.servers import clean_servers, provisioned_settings

pytestmark = pytest.mark.live

LIKED: Counter[str] = Counter(["CustomerIdentified", "ProductViewed"])
TRACKED: Counter[str] = Counter(["Tracked", "ProductViewed"])
"""What a tracker tells that knows no traits: a page and a product."""

SCRIPTS: dict[str, tuple[Callable[..., None], str, Counter[str]]] = {
    "segment-analytics-python": (run_python, "segment_python.py", LIKED),
    "rudder-sdk-python": (run_python, "rudder_python.py", LIKED),
    "snowplow-tracker": (run_python, "snowplow_python.py", TRACKED),
    "cloudevents": (run_python, "cloudevents_python.py", LIKED),
    "@segment/analytics-node": (run_script, "segment_node.mjs", LIKED),
    "@rudderstack/rudder-sdk-node": (run_script, "rudder_node.mjs", LIKED),
    "@snowplow/node-tracker": (run_script, "snowplow_node.mjs", TRACKED),
    "cloudevents of npm": (run_script, "cloudevents.mjs", LIKED),
}

PAGES = {
    "@segment/analytics-next": ("segment_browser.html", LIKED),
    "@rudderstack/analytics-js": ("rudder_browser.html", LIKED),
    "@snowplow/browser-tracker": ("snowplow_browser.html", TRACKED),
}

RETRYING = ["segment-analytics-python", "rudder-sdk-python", "@segment/analytics-node", "@rudderstack/rudder-sdk-node"]
"""Those that look at the answer."""


GUIDE = Path(__file__).parents[2] / "docs" / "connect"
TAGS = "f7826da6-4fa2-4e98-8024-bc5b71e0893e"

PAGES_OF_THE_GUIDE: dict[str, dict[str, str]] = {
    "site": {"ana": "Tracked CustomerIdentified ProductViewed ProductAdded"},
    "app": {"bea": "CustomerIdentified ProductAdded DeliveryReported"},
    "pos": {"card:card-7": "OrderCompleted LoyaltyCardScanned"},
    "beacons": {"dora": "BeaconSighted BeaconSighted", f"tag:{TAGS}:1:42": "BeaconSighted"},
    "back-end": {"eva": "CustomerIdentified ProductViewed OrderCompleted ProductsSearched ProductAdded"},
    "service": {
        "flo": "OrderShipped OrderDelivered ProductReturned SupportContacted ComplaintFiled ComplaintResolved "
        "SurveyAnswered SocialMentionHeard CustomerIdentified"
    },
}
"""What becomes of the snippets of each page, by customer."""


@dataclass(frozen=True)
class System:
    """gateway: one that accepts. deaf: one whose broker is down. mqtt: URL of a broker that the gateway listens to."""

    settings: Settings
    gateway: Gateway
    deaf: Gateway
    mqtt: str

    def applied(self, customer: str) -> Counter[str]:
        """What was made of the customer's events; each id once. What its profiles tell each other does not count."""
        found = [
            decode_event(value)
            for key, value in read_all(self.settings, CUSTOMER_EVENTS.name)
            if key == customer.encode()
        ]
        told = {event.id: type(event) for event in found}
        return Counter(kind.__name__ for kind in told.values() if kind not in LETTERS)

    def wait(self, customer: str, expected: Counter[str]) -> None:
        deadline = time.monotonic() + PATIENCE
        while (found := self.applied(customer)) != expected:
            assert time.monotonic() < deadline, f"{found} is not {expected}"
            time.sleep(0.2)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("system")
    with clean_servers() as servers:
        settings = provisioned_settings(servers, folder)
        nowhere = settings.model_copy(update={"broker": "127.0.0.1:9"})
        with (
            worker_process(settings, folder),
            mqtt_broker() as mqtt,
            gateway_process(settings, folder, more={"mqtt_url": SecretStr(mqtt), "mqtt_tags": TAGS}) as gateway,
            lonely_gateway(nowhere, folder) as deaf,
        ):
            yield System(settings, gateway, deaf, mqtt)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_back_end_changes_its_host_and_its_events_are_applied(system: System, name: str) -> None:
    run, script, expected = SCRIPTS[name]
    run(script, system.gateway.url, system.gateway.keys["site"], name)
    system.wait(name, expected)


@pytest.mark.parametrize("name", PAGES)
def test_a_site_changes_its_host_and_its_events_are_applied(system: System, name: str, tmp_path: Path) -> None:
    page, expected = PAGES[name]
    given = {"host": system.gateway.url, "key": system.gateway.keys["site"], "customer": name}
    with browsing((HERE / page).read_text(), tmp_path, **given):
        system.wait(name, expected)


@pytest.mark.parametrize("name", RETRYING)
def test_events_that_kafka_did_not_take_are_sent_once_more_and_applied_once(system: System, name: str) -> None:
    run, script, expected = SCRIPTS[name]
    witness, customer = Witness(system.deaf.url, system.gateway.url), f"{name}, again"
    with witness.between() as host:
        run(script, host, system.gateway.keys["site"], customer)
        system.wait(customer, expected)
    assert witness.answered[0] == 503
    assert set(witness.answered[1:]) == {200}


@pytest.mark.parametrize("name", RETRYING)
def test_events_with_an_unknown_key_are_dropped_and_not_sent_again(system: System, name: str) -> None:
    run, script, _ = SCRIPTS[name]
    witness = Witness(system.gateway.url, system.gateway.url)
    with witness.between() as host:
        run(script, host, "nobodys-key", "nobody")
    assert witness.answered
    assert set(witness.answered) == {401}
    assert len(witness.answered) <= 2, "two events are two requests at most"


@pytest.mark.parametrize("page", PAGES_OF_THE_GUIDE)
def test_a_page_of_the_guide_does_what_it_says(system: System, page: str, tmp_path: Path) -> None:
    snippets = re.findall(r"^```(\w+)\n(.*?)^```", (GUIDE / f"{page}.md").read_text(), re.MULTILINE | re.DOTALL)
    assert snippets
    mqtt = urlsplit(system.mqtt)
    given = {f"{scope.upper()}_KEY": key for scope, key in system.gateway.keys.items()}
    given |= {"GATEWAY": system.gateway.url, "BROKER": system.settings.broker}
    given |= {"MQTT_HOST": str(mqtt.hostname), "MQTT_PORT": str(mqtt.port)}
    with ExitStack() as stack:
        for language, text in snippets:
            if language == "html":
                stack.enter_context(browsing(site_page(text, given), tmp_path))
            else:
                run_snippet(language, text, given)
        for customer, expected in PAGES_OF_THE_GUIDE[page].items():
            system.wait(customer, Counter(expected.split()))


def test_the_guide_has_a_page_for_every_sender_and_lists_each() -> None:
    pages = {path.stem for path in GUIDE.glob("*.md")} - {"README"}
    assert pages == set(PAGES_OF_THE_GUIDE)
    assert all(f"({page}.md)" in (GUIDE / "README.md").read_text() for page in pages)


def site_page(text: str, given: Mapping[str, str]) -> str:
    """The snippet as a page of a shop whose host is the gateway's, and whose copy of the library is ours."""
    library = "/node_modules/@segment/analytics-next/dist/umd/index.js"
    text = text.replace("https://events.shop.example/analytics.js", library).replace("SITE_KEY", given["SITE_KEY"])
    return "<!doctype html>" + text.replace("https://events.shop.example", given["GATEWAY"])
