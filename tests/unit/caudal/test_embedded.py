"""The embedded servers answer, are where they say, and leave nothing behind."""

from pathlib import Path

import pytest
import redis
from kafka import KafkaAdminClient

from caudal.child import ChildFailed
from caudal.embedded import NoEmbeddedServer, embedded_broker, embedded_redis
from tests.unit.caudal.test_child import alive


def test_the_embedded_broker_speaks_kafka() -> None:
    with embedded_broker() as server:
        admin = KafkaAdminClient(bootstrap_servers=server.address)
        admin.create_topics(["shelf"])
        assert "shelf" in admin.list_topics()
        admin.close()


def test_the_embedded_valkey_speaks_redis_and_never_evicts() -> None:
    with embedded_redis() as server, redis.Redis.from_url(server.address) as client:
        client.set("mug", "blue")
        assert client.get("mug") == b"blue"
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_two_brokers_do_not_meet() -> None:
    with embedded_broker() as one, embedded_broker() as other:
        assert one.address != other.address


def test_nothing_is_left_of_an_embedded_server() -> None:
    with embedded_broker() as broker, embedded_redis() as valkey:
        children = [server.child for server in (broker, valkey)]
        folders = [child.log.parent for child in children if child]
        assert all(child and alive(child.process.pid) for child in children)
    assert not any(child and alive(child.process.pid) for child in children)
    assert not any(folder.exists() for folder in folders)


def test_logs_stay_in_the_folder_that_was_named(tmp_path: Path) -> None:
    with embedded_redis(tmp_path / "logs"):
        pass
    assert list((tmp_path / "logs").glob("*.log"))


def test_a_killed_server_is_noticed() -> None:
    with embedded_redis() as server:
        assert server.child is not None
        server.child.process.kill()
        server.child.process.wait()
        with pytest.raises(ChildFailed, match="SIGKILL"):
            server.child.check()


def test_a_platform_without_a_broker_is_pointed_to_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALF_TANSU_BIN", "/nowhere/tansu")
    with pytest.raises(NoEmbeddedServer, match=r"docker compose up.*CAUDAL_BROKER"), embedded_broker():
        pass
