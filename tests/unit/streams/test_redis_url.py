"""Where Redis is: the addresses in the URL, and nothing of the login in a message."""

import pytest

from streams.state.redis_url import RedisUrl, address_of, host_of


@pytest.mark.parametrize(
    ("url", "seeds", "place"),
    [
        ("redis://127.0.0.1:6379/0", ("127.0.0.1:6379",), "Redis at 127.0.0.1:6379/0"),
        ("redis://cache", ("cache:6379",), "Redis at cache:6379"),
        ("redis:///2", ("localhost:6379",), "Redis at localhost:6379/2"),
        ("rediss://bo:p@ss,word@a:7001,b:7002,c/0", ("a:7001", "b:7002", "c:6379"), "Redis at a:7001/0"),
        ("redis://[::1]:7001,[::2]/0?password=secret", ("[::1]:7001", "[::2]:6379"), "Redis at [::1]:7001/0"),
        ("unix://:secret@/run/redis.sock?db=1", ("/run/redis.sock",), "Redis at /run/redis.sock"),
    ],
)
def test_a_url_names_its_servers_and_messages_leave_the_login_out(url: str, seeds: tuple[str, ...], place: str) -> None:
    parsed = RedisUrl.parse(url)
    assert parsed.seeds == seeds
    assert parsed.place(parsed.seeds[0]) == place


def test_every_server_is_logged_in_to_in_the_same_way() -> None:
    parsed = RedisUrl.parse("rediss://:secret@a:7001,b:7002/0?ssl_cert_reqs=none")
    assert parsed.at("c:7003") == "rediss://:secret@c:7003/0?ssl_cert_reqs=none"


@pytest.mark.parametrize("url", ["redis://a:7001,,b:7002/0", "redis://,a/0", "unix://"])
def test_a_url_that_names_nothing_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="names no server"):
        RedisUrl.parse(url)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("127.0.0.1:6379", "redis, rediss, unix"),
        ("http://cache:6379/0", "redis, rediss, unix"),
        ("redis://cache:notaport/0", "'notaport' is no port"),
        ("redis://cache:66379/0", "'66379' is no port"),
        ("redis://cache:6379/state", "'/state' is no database"),
        ("redis://a:7001,b:7002/0/1?protocol=2", "'/0/1' is no database"),
    ],
)
def test_a_url_that_would_be_taken_for_another_is_refused_by_the_name_of_its_setting(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"CAUDAL_REDIS_URL.*{why}"):
        RedisUrl.parse(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "cache.example", "fe80::1"])
def test_an_address_gives_back_its_host(host: str) -> None:
    assert host_of(address_of(host, 7001)) == host
