"""docker-compose.yml is what the compose specification allows, and runs what the command line really offers."""

import re
from importlib.metadata import version
from typing import Any

import pytest
import yaml
from compose_spec import PyOptions

from caudal.cli import assemble
from gateway.settings import GatewaySettings
from tests.architecture.sources import ROOT

COMPOSE = ROOT / "docker-compose.yml"
OFFICIAL = {"apache/kafka": r"4\.\d+\.\d+", "redis": r"7\.\d+", "caudal": re.escape(version("caudal"))}
"""Images that exist, with the form of their tags; `caudal` is built from deploy/Dockerfile."""

ONE_SHOT = {"provision", "trainer"}


def interpolated() -> str:
    """As compose reads it with an empty environment: every variable has its default."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", COMPOSE.read_text())


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(interpolated())["services"]
    return found


def own() -> list[str]:
    return [name for name, service in services().items() if service["image"].startswith("caudal:")]


def test_the_compose_file_is_valid() -> None:
    parsed = PyOptions(apply_merge=True).from_yaml(interpolated())
    parsed.validate()
    assert set(parsed.service_names()) == {"kafka", "redis", "provision", "trainer", "worker", "gateway"}


def test_a_misspelt_compose_key_is_noticed() -> None:
    with pytest.raises(ValueError, match="healthchek"):
        PyOptions(apply_merge=True).from_yaml(interpolated().replace("healthcheck:", "healthchek:", 1))


@pytest.mark.parametrize("name", services())
def test_images_are_pinned_to_tags_that_exist(name: str) -> None:
    image, _, tag = services()[name]["image"].partition(":")
    assert re.fullmatch(OFFICIAL[image], tag)


@pytest.mark.parametrize("name", own())
def test_every_command_in_it_is_one_the_command_line_has(name: str) -> None:
    command, bound, _ = assemble().parse_args(services()[name]["command"], exit_on_error=False, print_error=False)
    assert command.__name__ in {"create", "train", "worker", "gateway"}
    assert bound is not None


@pytest.mark.parametrize("name", own())
def test_every_setting_in_it_is_one_that_exists(name: str) -> None:
    known = {f"CAUDAL_{field.upper()}" for field in GatewaySettings.model_fields}
    assert set(services()[name]["environment"]) - known == set()


@pytest.mark.parametrize("name", sorted(set(services()) - ONE_SHOT))
def test_what_runs_for_ever_has_a_health_check_and_a_restart_policy(name: str) -> None:
    service = services()[name]
    assert service["healthcheck"]["test"]
    assert service["restart"] == "unless-stopped"


def test_everything_a_service_waits_for_and_mounts_is_there() -> None:
    whole = yaml.safe_load(interpolated())
    for service in services().values():
        assert set(service.get("depends_on", {})) <= set(services())
        assert {volume.split(":")[0] for volume in service.get("volumes", ())} <= set(whole["volumes"])


def test_state_is_never_evicted_and_written_to_disk() -> None:
    command = " ".join(services()["redis"]["command"])
    assert "--maxmemory-policy noeviction" in command
    assert "--appendonly yes" in command


def test_nothing_is_published_beyond_this_machine() -> None:
    ports = [port for service in services().values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_example_environment_names_the_variables_of_the_compose_file() -> None:
    used = set(re.findall(r"\$\{(\w+):-", COMPOSE.read_text()))
    offered = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert offered == used


def test_the_image_is_built_from_the_lock_by_nobody_in_particular() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    assert "--require-hashes" in dockerfile
    assert re.search(r"^USER (?!root)\w+$", dockerfile, re.MULTILINE)
    copied = set(re.findall(r"^COPY (\w+) \1$", dockerfile, re.MULTILINE))
    assert copied == {"retail", "recommender", "streams", "gateway", "caudal"}
