"""A client library that is given nothing but our host configures itself."""

from base64 import b64encode

import pytest

from tests.unit.gateway.running import Running


@pytest.mark.parametrize("prefix", ["/v1", ""])
async def test_a_site_is_told_to_send_where_it_asked(gateway: Running, prefix: str) -> None:
    answer = await gateway.client.get(f"{prefix}/projects/site-key/settings", headers={"host": "events.shop.example"})
    assert answer.status_code == 200
    destination = answer.json()["integrations"]["Segment.io"]
    assert (destination["apiKey"], destination["apiHost"]) == ("site-key", "events.shop.example/v1")
    assert answer.json()["metrics"] == {"sampleRate": 0}


async def test_settings_are_only_for_keys_that_are_known(gateway: Running) -> None:
    answer = await gateway.client.get("/v1/projects/nobody/settings")
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown_key")


@pytest.mark.parametrize("path", ["/sourceConfig", "/sourceConfig/"])
async def test_a_source_without_destinations_is_configured_by_key(gateway: Running, path: str) -> None:
    basic = {"authorization": "Basic " + b64encode(b"site-key:").decode()}
    by_header = await gateway.client.get(f"{path}?p=npm&v=3.34.1", headers=basic)
    by_query = await gateway.client.get(f"{path}?writeKey=site-key")
    assert by_header.json() == by_query.json()
    source = by_header.json()["source"]
    assert (source["enabled"], source["destinations"], source["writeKey"]) == (True, [], "site-key")
    assert (await gateway.client.get(path)).status_code == 401
