"""Every series can be read, counts what it says, and is in the documentation."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.sqlite.errors import CODES
from daemon.api.metrics import PHASES, STORAGE_SLOW, Metrics, OrderOutcome, Phase, reference
from daemon.notices import Level
from tests.daemon.api.fakes import House

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Read the page as Prometheus does: by name and the values of the labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.page().decode())
        for sample in family.samples
    }


def test_the_first_of_anything_at_an_account_is_an_increase() -> None:
    metrics = Metrics()
    metrics.account("main")
    before = samples(metrics)
    metrics.webhook(200)
    metrics.order("main", OrderOutcome.REFUSED)
    metrics.fill("main", "netting")
    metrics.netting("main", pairs=1, value=Decimal(9), commission=Decimal(1), broker_orders=1)

    after = samples(metrics)
    assert before.keys() == after.keys()  # of a series that begins with 1 nothing increases
    assert sum(after[each] > before[each] for each in after if each[0].endswith("_total")) >= 7


def test_a_day_s_work_shows_in_the_counts() -> None:
    metrics = Metrics()
    for outcome in (200, 200, 202, 207, 422, 502, "bad_input"):
        metrics.webhook(outcome)
    metrics.order("main", OrderOutcome.PLACED)
    metrics.fill("main", "broker")
    metrics.netting(
        "main",
        pairs=2,
        value=Decimal("1500.5"),
        commission=Decimal("7.5025"),
        broker_orders=3,
    )
    metrics.standing(parents=4, children=2, unknown=1, halts=3)
    metrics.noticed("alarm")
    metrics.database_error("storage_full")
    seen = samples(metrics)
    assert seen["nettingd_webhooks_total", "done"] == 2
    for outcome in ("working", "partial", "refused", "no_answer", "bad_input"):
        assert seen["nettingd_webhooks_total", outcome] == 1
    assert seen["nettingd_orders_total", "main", "placed"] == 1
    assert seen["nettingd_fills_total", "main", "broker"] == 1
    assert seen["nettingd_netting_pairs_total", "main"] == 2
    assert seen["nettingd_netting_value_total", "main"] == 1500.5
    assert seen["nettingd_netting_commission_saved_total", "main"] == 7.5025
    assert seen["nettingd_netting_broker_orders_saved_total", "main"] == 3
    assert seen["nettingd_open_orders", "parent"] == 4
    assert seen["nettingd_open_orders", "child"] == 2
    assert seen["nettingd_open_orders", "unknown"] == 1
    assert seen[("nettingd_halts",)] == 3
    assert seen["nettingd_notices_total", "alarm"] == 1
    assert seen["nettingd_database_errors_total", "storage_full"] == 1


def test_what_alerts_wait_for_begins_at_zero() -> None:
    metrics = Metrics()
    metrics.notifier("telegram")
    seen = samples(metrics)
    for level in Level:
        assert seen["nettingd_notices_total", level] == 0
    for code in (*CODES, STORAGE_SLOW):
        assert seen["nettingd_database_errors_total", code] == 0
    assert seen["nettingd_notifier_failures_total", "telegram"] == 0
    assert seen["nettingd_notices_sent_total", "telegram"] == 0


def test_whether_the_daemon_is_ready_is_asked_at_every_look() -> None:
    metrics, ready = Metrics(), [True]
    metrics.ready_while(lambda: ready[0])
    assert samples(metrics)[("nettingd_ready",)] == 1
    ready[0] = False
    assert samples(metrics)[("nettingd_ready",)] == 0


def test_times_and_sizes_are_histograms() -> None:
    metrics = Metrics()
    metrics.phase(Phase.SENT_TO_ACKNOWLEDGED, 0.02)
    metrics.loop_lag(0.3)
    metrics.commit(64)
    seen = samples(metrics)
    assert seen["nettingd_phase_seconds_count", "sent_to_acknowledged"] == 1
    assert seen["nettingd_phase_seconds_sum", "sent_to_acknowledged"] == pytest.approx(0.02)
    assert seen["nettingd_loop_lag_seconds_bucket", "0.25"] == 0
    assert seen["nettingd_loop_lag_seconds_bucket", "0.5"] == 1
    assert seen["nettingd_commit_batch_size_sum",] == 64


def test_two_daemons_do_not_share_counts() -> None:
    one, other = Metrics(), Metrics()
    one.webhook(200)
    assert samples(other)["nettingd_webhooks_total", "done"] == 0


async def test_the_page_needs_no_token() -> None:
    house = House()
    async with house.client() as client:
        response = await client.get("/metrics")
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert "nettingd_process_resident_memory_bytes" in await response.text()


def test_every_phase_is_explained() -> None:
    assert PHASES.keys() == set(Phase)


def test_the_documentation_is_made_from_the_series() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), (
        "run: python -m daemon.api.metrics > docs/reference/metrics.md"
    )


def test_every_series_is_in_the_documentation() -> None:
    page = reference()
    names = {
        family.name
        for family in text_string_to_metric_families(Metrics().page().decode())
        if not family.name.startswith("nettingd_process_")
    }
    assert len(names) > 10
    assert all(f"`{name}" in page for name in names)
