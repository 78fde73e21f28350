from base64 import b64encode

import httpx2
import pytest

from tests.unit.gateway.running import Running, bearer, running


async def test_a_process_that_runs_is_alive_whatever_else_is_down(gateway: Running) -> None:
    gateway.kafka.down = gateway.state.down = True
    assert (await gateway.get("/livez", "")).status_code == 200


async def test_a_gateway_with_everything_it_needs_is_ready() -> None:
    async with running() as gateway:
        answer = await gateway.get("/readyz", "")
        assert (answer.status_code, answer.json()["ready"]) == (200, True)


@pytest.mark.parametrize("missing", ["kafka", "redis"])
async def test_a_gateway_that_misses_something_says_what(missing: str) -> None:
    async with running() as gateway:
        gateway.kafka.down, gateway.state.down = missing == "kafka", missing == "redis"
        answer = await gateway.get("/readyz", "")
        assert answer.status_code == 503
        dependencies = answer.json()["dependencies"]
        assert [name for name, said in dependencies.items() if said != "ok"] == [missing]


async def test_metrics_count_requests_and_name_nobody(gateway: Running) -> None:
    await gateway.post("/v1/batch", {"batch": [{"userId": "secret-customer"}, {}]})
    text = (await gateway.get("/metrics", "")).text
    assert 'caudal_http_requests_total{route="batch",status="200"}' in text
    assert 'caudal_accepted_events_total{channel="web"}' in text
    assert 'caudal_rejected_events_total{reason="missing_id"}' in text
    assert "secret-customer" not in text


async def test_metrics_are_for_admins_only_when_asked_from_elsewhere(gateway: Running) -> None:
    elsewhere = {"x-forwarded-for": "203.0.113.9"}
    for key, status in (("", 401), ("site", 403), ("admin", 200)):
        assert (await gateway.get("/metrics", key, **elsewhere)).status_code == status


async def test_nothing_tells_the_keys(gateway: Running) -> None:
    secret = b64encode(b"site-key:").decode()
    paths = ["/metrics", "/schema", "/docs", "/v1/nothing", "/readyz"]
    answers: list[httpx2.Response] = [await gateway.client.get(path, headers=bearer("site")) for path in paths]
    for answer in answers:
        assert "site-key" not in answer.text
        assert secret not in answer.text
