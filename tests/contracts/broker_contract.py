"""The broker contract: what the core relies on, whatever the venue.

A test class derives from ``BrokerContract`` and gives it a fixture ``venue``, a ``Venue`` with a
fresh account. Cases are numbered B01-B50; one that a venue's capabilities rule out is skipped and
says why. After anyio's and trio's contract tests: one protocol, one suite, the fake included.
"""

from __future__ import annotations

from tests.contracts.broker_cases.accounts import Accounts
from tests.contracts.broker_cases.cancelling import Cancelling
from tests.contracts.broker_cases.placing import Placing
from tests.contracts.broker_cases.questions import Questions
from tests.contracts.broker_cases.restart import Restart
from tests.contracts.broker_cases.stream import Streaming
from tests.contracts.broker_cases.unknown import Unknown


class BrokerContract(Questions, Placing, Cancelling, Unknown, Restart, Streaming, Accounts):
    """Every case."""
