"""Who follows an account's events."""

from __future__ import annotations

from adapters.broker import StreamLost, StreamRestored
from adapters.followers import MOST_UNREAD, Followers
from tests.support.loops import virtually

EVENT = StreamLost("an event")


@virtually
async def test_each_follower_hears_what_happens_after_it_came() -> None:
    followers = Followers()
    first = followers.follow()
    followers.tell(EVENT)
    second = followers.follow()
    followers.tell(StreamRestored())
    followers.close()
    assert [event async for event in first] == [EVENT, StreamRestored()]
    assert [event async for event in second] == [StreamRestored()]
    assert [event async for event in followers.follow()] == []


@virtually
async def test_who_does_not_read_is_told_that_events_are_missing() -> None:
    followers = Followers()
    follower = followers.follow()
    for _ in range(MOST_UNREAD + 1):
        followers.tell(StreamRestored())
    assert isinstance(await anext(follower), StreamLost)
