"""One lock: every package pinned and hashed, from nowhere in particular, and the image's a part of it."""

import re
import tomllib

import pytest

from tests.architecture.sources import ROOT

LOCKS = ("requirements.lock", "deploy/image.lock")
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / lock).read_text()))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_hashed(lock: str) -> None:
    blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_a_place_to_fetch_from(lock: str) -> None:
    assert not re.search(r"://|--index|--extra-index|--find-links|\bfile:", (ROOT / lock).read_text())


def test_the_image_runs_the_versions_that_were_tested() -> None:
    assert pins("deploy/image.lock").items() <= pins("requirements.lock").items()


def test_every_requirement_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[=<>\[ ]", requirement)[0].lower().replace("_", "-") for requirement in wanted}
    assert names - set(pins("requirements.lock")) == set()
