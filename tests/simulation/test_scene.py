"""When and where simulated days take place, and what people change in them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.simulation.features import Feature
from tests.simulation.scene import CHANGES, Hours, choices_of, choose_hours, due_times, set_scene

MINUTE = timedelta(minutes=1)


def hours_of(*features: Feature) -> list[Hours]:
    """Return the different hours that days with these features have."""
    found = [choose_hours(random.Random(seed), frozenset(features)) for seed in range(200)]
    return sorted(set(found), key=lambda hours: (hours.start, hours.market))


def test_clocks_are_changed_in_the_middle_of_a_day_or_on_the_sunday_before_a_close() -> None:
    for hours in hours_of(Feature.SUMMER):
        zone, change = ZoneInfo(hours.zone), hours.change
        assert change is not None
        assert hours.start < change < hours.start + 10 * MINUTE
        offsets = {(change + by).astimezone(zone).utcoffset() for by in (-MINUTE, MINUTE)}
        assert len(offsets) == 2
    to_a_close = [hours for hours in hours_of(Feature.SUMMER, Feature.CLOSE) if hours.dull]
    assert len(to_a_close) == 2
    for hours in to_a_close:
        assert hours.dull is not None
        assert hours.change is not None
        assert hours.start < hours.change < hours.dull.begins < hours.dull.ends
        assert f"{hours.dull.ends.astimezone(ZoneInfo(hours.zone)):%a %H:%M}" == "Mon 15:43"


@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_jobs_around_a_change_are_due_one_after_the_other_and_on_the_wall_too(
    zone: str, change: datetime
) -> None:
    due = due_times(Hours("24/7", change - 5 * MINUTE, zone=zone, change=change))
    moments = [at.astimezone(UTC) for at in due]
    assert moments == sorted(set(moments))
    assert all(change - 5 * MINUTE < at < change + 2 * MINUTE for at in moments)
    assert not any(at.fold for at in due)


def test_seoul_opens_or_closes_and_new_york_follows_on_the_same_date() -> None:
    found = hours_of(Feature.SEOUL, Feature.CLOSE)
    assert len(found) == 4
    for hours in found:
        assert hours.turn is not None
        assert hours.night is not None
        assert hours.start < hours.turn == hours.night.begins < hours.night.ends
        assert f"{hours.night.ends.astimezone(ZoneInfo('America/New_York')):%H:%M}" == "09:28"
        assert hours.night.ends - hours.start < timedelta(hours=16)


def test_accounts_are_compared_more_seldom_where_a_night_is_lived_through() -> None:
    features = frozenset({Feature.SUMMER, Feature.CLOSE, Feature.TROUBLE})
    scenes = [set_scene(random.Random(seed), features) for seed in range(20)]
    for scene in scenes:
        changes = choices_of(scene)
        assert (scene.hours.dull is None) == ("seconds = " in changes)
        assert f"[reconcile]\nseconds = {scene.compare_s}\n" in scene.config
    assert {scene.compare_s for scene in scenes} == {60, 240}


def test_limits_are_in_won_where_there_are_won() -> None:
    features = frozenset({Feature.SEOUL})
    configs = [set_scene(random.Random(seed), features).config for seed in range(20)]
    assert any('max_order_value = "900000"' in config for config in configs)
    assert not any('max_order_value = "900"' in config for config in configs)
