"""What the daemon counts and times, for Prometheus: ``GET /metrics``.

Every series is made in one place, with its own registry, so that two daemons in one process (in
tests) do not share counts. Money is exact everywhere else; here it becomes a float, which is what
Prometheus knows.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from enum import StrEnum
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from adapters.sqlite.errors import CODES
from algorithms.domain import FillSource
from daemon.notices import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from decimal import Decimal

    from prometheus_client import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
NAMESPACE = "nettingd"

STORAGE_SLOW = "storage_slow"
"""The code of a database that takes too long, which is no error of its own."""

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_WEBHOOK_WORDS: Mapping[int | str, str] = {
    200: "done",
    202: "working",
    207: "partial",
    422: "refused",
    502: "no_answer",
}


disable_created_metrics()  # type: ignore[no-untyped-call] # a third of the page, and not read


class Phase(StrEnum):
    """A stretch of an order's way that is timed."""

    WEBHOOK_TO_STORED = "webhook_to_stored"
    STORED_TO_CROSSED = "stored_to_crossed"
    DUE_TO_PLANNED = "due_to_planned"
    STORED_TO_SENT = "stored_to_sent"
    SENT_TO_ACKNOWLEDGED = "sent_to_acknowledged"
    FILLED_TO_BOOKED = "filled_to_booked"
    CANCEL_TO_CONFIRMED = "cancel_to_confirmed"


PHASES: Mapping[Phase, str] = {
    Phase.WEBHOOK_TO_STORED: "From the arrival of a webhook until it is on disk, where that "
    "answers it.",
    Phase.STORED_TO_CROSSED: "Netting: from an order's storing until it is crossed with one that "
    "was there before.",
    Phase.DUE_TO_PLANNED: "From the time an order or its slice is due until its order for the "
    "broker is stored; netting comes before, and a halt or a missing price holds it up.",
    Phase.STORED_TO_SENT: "From the storing of an order for the broker until it leaves.",
    Phase.SENT_TO_ACKNOWLEDGED: "From sending an order until the broker has answered.",
    Phase.FILLED_TO_BOOKED: "From the time the broker gives a fill until it is in the ledger.",
    Phase.CANCEL_TO_CONFIRMED: "From the wish to cancel until the broker has confirmed the end.",
}


class OrderOutcome(StrEnum):
    """What became of a child order at its broker."""

    PLACED = "placed"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


_HELP = {
    "webhooks": "Webhooks answered, by what was said: done, working, partial, refused, no_answer, "
    "or the code of the error.",
    "orders": "Child orders by what became of them at their broker.",
    "fills": "Fills booked, from the broker or from crossing inside the account.",
    "netting_pairs": "Pairs crossed.",
    "netting_value": "Value crossed inside the account, in its currency.",
    "netting_commission_saved": "Commission not paid because orders were crossed, in the "
    "account's currency.",
    "netting_broker_orders_saved": "Orders that never had to go to the broker.",
    "phase_seconds": "Time of one stretch of an order's way.",
    "open_orders": "Orders that have not ended: parents (asked for), children (at a broker), and "
    "how many children are unknown.",
    "halts": "Halts in force.",
    "ready": "1 while /ready answers 200, else 0.",
    "notices": "What people were told, by level: info, warning, alarm.",
    "loop_lag_seconds": "How late the event loop woke from a sleep.",
    "commit_batch_size": "Writes that shared one transaction.",
    "database_errors": "Errors of the database, by code.",
    "notices_sent": "Notices that a notifier (telegram, webhook) took.",
    "bot_strangers": "What the Telegram bot heard from others than those who may command it, and "
    "ignored.",
    "notifier_failures": "Messages that a notifier did not take; they are sent again.",
    "task_failures": "Tasks inside the daemon that ended with an error.",
}


class PhaseTimes(Collector):
    """A histogram for each phase, for one thread: every webhook is timed.

    The library's own takes a lock and looks at the buckets one by one, which costs as much as
    reading a webhook.
    """

    def __init__(self, documentation: str) -> None:
        self._documentation = documentation
        self._counts = {phase: [0] * (len(_SECONDS) + 1) for phase in Phase}
        self._sums = dict.fromkeys(Phase, 0.0)

    def observe(self, phase: Phase, seconds: float) -> None:
        """Count a time."""
        self._counts[phase][bisect_left(_SECONDS, seconds)] += 1
        self._sums[phase] += seconds

    def collect(self) -> Iterable[Metric]:
        """Return the histograms as Prometheus wants them: buckets include all lower ones."""
        family = HistogramMetricFamily(
            f"{NAMESPACE}_phase_seconds", self._documentation, labels=("phase",)
        )
        bounds = (*map(str, _SECONDS), "+Inf")
        for phase, counts in self._counts.items():
            buckets = list(zip(bounds, accumulate(counts), strict=True))
            family.add_metric((phase.value,), buckets, self._sums[phase])
        yield family


class Answers(Collector):
    """Counts webhooks by what was answered, for one thread, as ``PhaseTimes`` does."""

    def __init__(self, documentation: str) -> None:
        self._documentation = documentation
        self._counts = dict.fromkeys(_WEBHOOK_WORDS.values(), 0)

    def count(self, outcome: int | str) -> None:
        """Count an answer, by its HTTP status or the code of its error."""
        word = _WEBHOOK_WORDS.get(outcome) or str(outcome)
        self._counts[word] = self._counts.get(word, 0) + 1

    def collect(self) -> Iterable[Metric]:
        """Return a counter for each word that was said."""
        family = CounterMetricFamily(
            f"{NAMESPACE}_webhooks", self._documentation, labels=("outcome",)
        )
        for word, count in self._counts.items():
            family.add_metric((word,), count)
        yield family


class Metrics:
    """Every series of one daemon. All functions are cheap and may be called on the hot path."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(namespace=NAMESPACE, registry=self.registry)
        answers = Answers(_HELP["webhooks"])
        self.registry.register(answers)
        self.webhook = answers.count
        """Count an answered webhook, by its HTTP status or the code of its error."""
        self._orders = self._counter("orders", "account", "outcome")
        self._fills = self._counter("fills", "account", "source")
        self._pairs = self._counter("netting_pairs", "account")
        self._saved_value = self._counter("netting_value", "account")
        self._saved_commission = self._counter("netting_commission_saved", "account")
        self._saved_orders = self._counter("netting_broker_orders_saved", "account")
        phases = PhaseTimes(_HELP["phase_seconds"])
        self.registry.register(phases)
        self.phase = phases.observe
        """Record how long a stretch took."""
        self._open = self._gauge("open_orders", "kind")
        self._halts = self._gauge("halts")
        self._ready = self._gauge("ready")
        self._notices = self._counter("notices", "level")
        self._loop_lag = self._histogram("loop_lag_seconds", _SECONDS)
        self._batches = self._histogram("commit_batch_size", _BATCHES)
        self._database_errors = self._counter("database_errors", "code")
        self._notices_sent = self._counter("notices_sent", "notifier")
        self._notifier_failures = self._counter("notifier_failures", "notifier")
        self._bot_strangers = self._counter("bot_strangers")
        self._task_failures = self._counter("task_failures")
        # What alerts wait for begins at zero: of a series that begins with 1 nothing has increased.
        for level in Level:
            self._notices.labels(level.value)
        for code in (*CODES, STORAGE_SLOW):
            self._database_errors.labels(code)

    def _counter(self, name: str, *labels: str) -> Counter:
        return Counter(name, _HELP[name], labels, namespace=NAMESPACE, registry=self.registry)

    def _gauge(self, name: str, *labels: str) -> Gauge:
        return Gauge(name, _HELP[name], labels, namespace=NAMESPACE, registry=self.registry)

    def _histogram(self, name: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(
            name,
            _HELP[name],
            labels,
            namespace=NAMESPACE,
            registry=self.registry,
            buckets=buckets,
        )

    def account(self, name: str) -> None:
        """Show an account from its beginning, with nothing sent, filled or crossed."""
        for outcome in OrderOutcome:
            self._orders.labels(name, outcome.value)
        for source in FillSource:
            self._fills.labels(name, source.value)
        for family in (self._pairs, self._saved_value, self._saved_commission, self._saved_orders):
            family.labels(name)

    def order(self, account: str, outcome: OrderOutcome) -> None:
        """Count a child order whose fate is known, or is not."""
        self._orders.labels(account, outcome.value).inc()

    def fill(self, account: str, source: str) -> None:
        """Count a booked fill."""
        self._fills.labels(account, source).inc()

    def netting(
        self, account: str, *, pairs: int, value: Decimal, commission: Decimal, broker_orders: int
    ) -> None:
        """Count what one netting run crossed and saved."""
        self._pairs.labels(account).inc(pairs)
        self._saved_value.labels(account).inc(float(value))
        self._saved_commission.labels(account).inc(float(commission))
        self._saved_orders.labels(account).inc(broker_orders)

    def standing(self, *, parents: int, children: int, unknown: int, halts: int) -> None:
        """Record how many orders have not ended, and how many halts there are."""
        self._open.labels("parent").set(parents)
        self._open.labels("child").set(children)
        self._open.labels("unknown").set(unknown)
        self._halts.set(halts)

    def ready_while(self, is_ready: Callable[[], bool]) -> None:
        """Ask this whenever somebody looks whether the daemon is ready."""
        self._ready.set_function(is_ready)

    def noticed(self, level: str) -> None:
        """Count a notice."""
        self._notices.labels(level).inc()

    def loop_lag(self, seconds: float) -> None:
        """Record how late the loop woke."""
        self._loop_lag.observe(seconds)

    def commit(self, writes: int) -> None:
        """Record how many writes one transaction held."""
        self._batches.observe(writes)

    def database_error(self, code: str) -> None:
        """Count an error of the database."""
        self._database_errors.labels(code).inc()

    def notifier(self, name: str) -> None:
        """Show a notifier from its beginning, with nothing sent and nothing failed."""
        self._notices_sent.labels(name)
        self._notifier_failures.labels(name)

    def notices_sent(self, notifier: str, count: int) -> None:
        """Count notices that went out."""
        self._notices_sent.labels(notifier).inc(count)

    def notifier_failed(self, notifier: str) -> None:
        """Count a message that was not taken."""
        self._notifier_failures.labels(notifier).inc()

    def bot_stranger(self) -> None:
        """Count something that the bot heard from somebody who may not command it."""
        self._bot_strangers.inc()

    def task_failed(self) -> None:
        """Count a task that ended with an error."""
        self._task_failures.inc()

    def page(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)


def reference() -> str:
    """Return the page of all series, in Markdown."""
    own = [each for each in Metrics().registry.collect() if not _is_process(each)]
    lines = [
        "# Metrics",
        "",
        "Made by `python -m daemon.api.metrics`; do not edit.",
        "",
        "`GET /metrics` answers in Prometheus' text format and needs no token. Beside these there",
        "are the usual figures of the process (`nettingd_process_*`).",
        "",
        "| Series | Type | Labels | What it is |",
        "|---|---|---|---|",
    ]
    labels = _labels()
    for metric in own:
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        shown = ", ".join(f"`{label}`" for label in labels[metric.name]) or "none"
        lines.append(f"| `{name}` | {metric.type} | {shown} | {metric.documentation} |")
    lines += ["", "## Phases", "", "| `phase` | What it times |", "|---|---|"]
    lines += [f"| `{phase}` | {PHASES[phase]} |" for phase in Phase]
    return "\n".join(lines) + "\n"


def _is_process(metric: Metric) -> bool:
    return metric.name.startswith(f"{NAMESPACE}_process_")


def _labels() -> dict[str, tuple[str, ...]]:
    series = [
        each for each in vars(Metrics()).values() if isinstance(each, Counter | Gauge | Histogram)
    ]
    labels = {metric.name: each._labelnames for each in series for metric in each.describe()}  # noqa: SLF001 - the library tells them no other way
    return labels | {
        f"{NAMESPACE}_phase_seconds": ("phase",),
        f"{NAMESPACE}_webhooks": ("outcome",),
    }


if __name__ == "__main__":
    sys.stdout.write(reference())
