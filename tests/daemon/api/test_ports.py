"""The rest of the daemon offers what the HTTP side asks for, in the same words."""

from __future__ import annotations

import inspect

import pytest

from daemon.administration import Administration
from daemon.api.ports import AdminPort, DeskPort
from daemon.execution.desk import Desk
from tests.daemon.api.fakes import FakeAdmin, FakeDesk


@pytest.mark.parametrize(
    ("port", "implementation"),
    [
        (DeskPort, Desk),
        (DeskPort, FakeDesk),
        (AdminPort, Administration),
        (AdminPort, FakeAdmin),
    ],
)
def test_a_port_is_offered_with_the_same_parameters(port: type, implementation: type) -> None:
    asked = [name for name in vars(port) if not name.startswith("_")]
    assert asked
    for name in asked:
        wanted = inspect.signature(getattr(port, name))
        offered = inspect.signature(getattr(implementation, name))
        assert list(offered.parameters) == list(wanted.parameters)
        assert inspect.iscoroutinefunction(getattr(implementation, name)) is (
            inspect.iscoroutinefunction(getattr(port, name))
        )
