"""The daemon starts again only when a backup waits."""

from __future__ import annotations

import pytest

from daemon.api.restoring import Restoring
from tests.daemon.api.fakes import ADMIN, House


@pytest.mark.parametrize(("armed", "status"), [(False, 409), (True, 202)])
async def test_without_a_staged_backup_nothing_is_started_again(
    *, armed: bool, status: int
) -> None:
    again: list[bool] = []
    house = House()
    house.more = [Restoring(lambda: armed, lambda: again.append(True))]
    async with house.client() as client:
        assert (await client.post("/api/restore")).status == 401
        response = await client.post("/api/restore", headers=ADMIN)
        assert response.status == status
    assert again == [True] * armed
