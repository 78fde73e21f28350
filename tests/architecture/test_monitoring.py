"""Alerts and dashboard ask for what worker and gateway really show, and every alert is explained to who is woken."""

import json
import re
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from gateway.meters import Meters as GatewayMeters
from streams.meters import Meters
from streams.patience import Waits
from streams.standing import StandingCollector
from tests.architecture.sources import ROOT
from tests.unit.streams.test_standing import PLACE, standing_at

PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARD = ROOT / "deploy" / "grafana" / "caudal.json"
RUNBOOK = ROOT / "docs" / "operations.md"

METRIC = re.compile(r"\b(?:caudal|process)_[a-z_]+\b")
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


def shown() -> dict[str, set[str]]:
    """Every series' name of both processes, with its labels."""
    worker = Meters()
    standing, _ = standing_at({PLACE: 1}, {PLACE: 2}, {3: 1})
    standing.timers = {3: 1}
    waits = Waits()
    waits.faults["journey"] += 1
    waits.now["journey"] = 1
    waits.seconds["journey"] = 1.0
    worker.registry.register(StandingCollector(standing, lambda: {3: 1}, waits))
    found: dict[str, set[str]] = {}
    for registry in (worker.registry, GatewayMeters().registry):
        for collector in list(registry._collector_to_names):
            declared = set(collector._labelnames) if isinstance(collector, MetricWrapperBase) else set()
            for family in collector.collect():
                labels = declared | {label for sample in family.samples for label in sample.labels}
                for suffix in SUFFIXES[family.type]:
                    found.setdefault(family.name + suffix, set()).update(labels)
    return found


def alerts() -> dict[str, dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def questions() -> dict[str, str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = {f"{panel['title']} {target['refId']}": target["expr"] for panel in panels for target in panel["targets"]}
    return {**asked, **{name: rule["expr"] for name, rule in alerts().items()}}


@pytest.mark.parametrize("name", questions())
def test_every_metric_asked_for_is_shown(name: str) -> None:
    asked = set(METRIC.findall(questions()[name])) or {"up"}
    assert asked - shown().keys() - {"up"} == set()


@pytest.mark.parametrize("name", questions())
def test_every_label_asked_for_is_there(name: str) -> None:
    expression = questions()[name]
    asked = set(re.findall(r"(\w+)(?:=~|!=|=)\"", expression))
    asked |= {label for by in re.findall(r"by \(([^)]*)\)", expression) for label in re.split(r",\s*", by)}
    there = set().union(*(shown()[metric] for metric in METRIC.findall(expression))) | {"job", "instance", "le"}
    assert asked - there == set()


def test_every_metric_of_ours_is_asked_for_somewhere() -> None:
    asked = {metric for expression in questions().values() for metric in METRIC.findall(expression)}
    bases = {re.sub(r"_(total|bucket|sum|count)$", "", metric) for metric in asked}
    ours = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in shown() if name.startswith("caudal_")}
    assert ours - bases - {"caudal_committed_offset", "caudal_snapshot_states"} == set()


@pytest.mark.parametrize("name", alerts())
def test_every_alert_says_what_to_do(name: str) -> None:
    assert f"### {name}\n" in RUNBOOK.read_text()
    rule = alerts()[name]
    assert rule["annotations"]["summary"]
    assert rule["labels"]["severity"] in {"page", "ticket"}


def test_the_runbook_speaks_of_no_alert_that_is_not_there() -> None:
    assert set(re.findall(r"^### (Caudal\w+)$", RUNBOOK.read_text(), re.MULTILINE)) == set(alerts())


def test_the_panels_do_not_overlap_and_every_one_has_its_data_source() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len(places) == len({panel["id"] for panel in panels})
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in panels)


def test_prometheus_scrapes_both_and_reads_the_alerts() -> None:
    configuration = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    assert configuration["rule_files"] == ["alerts.yml"]
    assert [job["job_name"] for job in configuration["scrape_configs"]] == ["caudal-worker", "caudal-gateway"]
