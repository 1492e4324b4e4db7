"""What accounts with the same app key share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.broker import BrokerUnavailableError
from adapters.kis.hosts import Profile
from tests.adapters.kis.conftest import KEYS
from tests.support.scripted_kis import Says

if TYPE_CHECKING:
    from adapters.kis.hub import Access, Hub
    from tests.support.scripted_kis import ScriptedKis


async def test_a_key_has_one_budget_whoever_trades_with_it(
    hub: Hub, kis: ScriptedKis, real: Access, paper: Access
) -> None:
    assert hub.access(Profile.REAL, kis.hosts, KEYS) is real
    assert paper.pace is not real.pace


async def test_an_approval_key_is_asked_for_with_the_secret_by_another_name(
    real: Access, kis: ScriptedKis
) -> None:
    assert await real.approval_key() == "5f0c1a9e"
    (seen,) = kis.asked("/oauth2/Approval")
    assert seen.params == {
        "grant_type": "client_credentials",
        "appkey": "app-key",
        "secretkey": "app-secret",
    }


async def test_no_approval_key_is_said_to_be_none(real: Access, kis: ScriptedKis) -> None:
    kis.says("/oauth2/Approval", Says({"error_code": "EGW00105"}, 403))
    with pytest.raises(BrokerUnavailableError, match="EGW00105"):
        await real.approval_key()
