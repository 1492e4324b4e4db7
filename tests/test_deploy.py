"""What is ready to be deployed names nothing that there is not."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from daemon.api.metrics import Metrics, OrderOutcome, Phase, reference
from daemon.notices import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
DASHBOARD = ROOT / "deploy" / "grafana" / "nettingd.json"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
SCRAPING = ROOT / "deploy" / "prometheus" / "prometheus.yml"
PROMTOOL = shutil.which("promtool")
OTHERS = {"up"}
"""Series that Prometheus makes itself."""
KNOWN_VALUES: dict[str, set[str]] = {
    "phase": {str(each) for each in Phase},
    "level": {str(each) for each in Level},
    "outcome": {str(each) for each in OrderOutcome},
    "kind": {"parent", "child", "unknown"},
}


def alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return list(group["rules"])


def panels() -> list[dict[str, Any]]:
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    for rule in alerts():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$__rate_interval", "1m")


def selectors(text: str) -> list[tuple[str, dict[str, str]]]:
    """Return the series of an expression with the values their labels are compared with."""
    found: list[tuple[str, dict[str, str]]] = []

    def visit(node: Any) -> None:  # noqa: ANN401 - the parser's own
        if isinstance(node, promql_parser.VectorSelector):
            found.append(
                (node.name or "", {each.name: each.value for each in node.matchers.matchers})
            )

    promql_parser.walk(promql_parser.parse(text), visit)
    return found


def series() -> dict[str, set[str]]:
    """Return every name that Prometheus would store, with its labels."""
    names: dict[str, set[str]] = {}
    labels = {
        cells[1].strip(" `"): set(re.findall(r"`([a-z]+)`", cells[3]))
        for line in reference().splitlines()
        if line.startswith("| `nettingd_")
        for cells in [line.split("|")]
    }
    ends = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
    for family in text_string_to_metric_families(Metrics().page().decode()):
        for end in ends.get(family.type, [""]):
            name = family.name + end
            more = {"le"} if end == "_bucket" else set()
            names[name] = labels.get(name, labels.get(family.name, set())) | more
    return names


@pytest.mark.parametrize(("where", "text"), sorted(expressions()))
def test_every_series_and_label_in_use_exists(where: str, text: str) -> None:
    known = series()
    found = selectors(text)
    assert found, where
    for name, compared in found:
        if name in OTHERS:
            continue
        assert name in known, where
        for label, value in compared.items():
            if label not in {"job", "instance"}:
                assert label in known[name], where
                assert value in KNOWN_VALUES[label], where


def test_every_series_has_a_place_on_the_dashboard() -> None:
    shown = {name for panel in panels() for each in panel["targets"] for name in names(each)}
    families = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in shown}
    own = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in series()}
    hidden = {name for name in own - families if not name.startswith("nettingd_process_")}
    assert hidden == {"nettingd_notices_sent"}  # the alerts hear of what was not


def names(target: dict[str, str]) -> set[str]:
    text = target["expr"].replace("$__rate_interval", "1m")
    return {name for name, _ in selectors(text)}


def test_panels_stand_beside_each_other_and_say_what_they_show() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        assert panel["description"], panel["title"]
        taken |= cells


def test_every_alert_says_how_urgent_it_is_and_what_it_means() -> None:
    rules = alerts()
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]
        assert rule["annotations"]["summary"], rule["alert"]
        described = rule["annotations"].get("description", "")
        for path in re.findall(r"docs/[a-z/-]+\.md", described):
            assert (ROOT / path).exists(), rule["alert"]


def test_every_alert_has_a_history_that_raises_it() -> None:
    told = yaml.safe_load((ALERTS.parent / "alerts_test.yml").read_text(encoding="utf-8"))
    raised = {
        each["alertname"]
        for story in told["tests"]
        for each in story["alert_rule_test"]
        if each["exp_alerts"]
    }
    assert raised == {rule["alert"] for rule in alerts()}


@pytest.mark.skipif(
    PROMTOOL is None, reason="promtool, of Debian's package prometheus, is not here"
)
def test_alerts_say_what_they_should_to_some_histories() -> None:
    assert PROMTOOL is not None
    for words in (("check", "config", SCRAPING.name), ("test", "rules", "alerts_test.yml")):
        done = subprocess.run(  # noqa: S603 - words of ours
            [PROMTOOL, *words], cwd=ALERTS.parent, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_are_read_by_the_scraping_they_stand_beside() -> None:
    settings = yaml.safe_load(SCRAPING.read_text(encoding="utf-8"))
    assert settings["rule_files"] == [ALERTS.name]
    (job,) = settings["scrape_configs"]
    assert (job["job_name"], job["metrics_path"]) == ("nettingd", "/metrics")
