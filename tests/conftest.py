"""What holds for every test: in a strict run nothing is skipped, and live tests carry their marker."""

import os
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

STRICT = os.environ.get("CAUDAL_TEST_STRICT") == "1"
"""Set where real servers are promised (`make live`): a skip would then hide that something was never tried."""

LIVE = Path(__file__).parent / "live"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if LIVE in item.path.parents:
            item.add_marker(pytest.mark.live)
        if "cache" in _fixtures(item):
            item.add_marker(pytest.mark.embedded)
        item.add_marker(pytest.mark.xdist_group(_together(item)))


def _together(item: pytest.Item) -> str:
    """Tests of a file share a process, which starts their servers once; those of the demo, so that it trains once."""
    return "demo" if "cache" in _fixtures(item) else str(item.path)


def _fixtures(item: pytest.Item) -> Sequence[str]:
    return item.fixturenames if isinstance(item, pytest.Function) else ()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in a strict run (CAUDAL_TEST_STRICT=1): {report.longrepr}"
    return report
