"""What OpenAPI says of webhooks is what is read and what is answered."""

from __future__ import annotations

import orjson
from pydantic import TypeAdapter

from daemon.api import webhook_model
from daemon.api.webhook_schema import Batch, HandOrder, Reply, Signal, SignalOrder
from daemon.execution import answers
from daemon.execution.answers import Item, Outcome

OTHER_WORDS = {"user_token", "stopprice"}


def test_every_key_that_is_read_is_told() -> None:
    read = webhook_model._SINGLE.keys() - OTHER_WORDS  # noqa: SLF001 - the table of what is read
    assert read == Signal.model_fields.keys() | Batch.model_fields.keys()
    assert HandOrder.model_fields.keys() - {"strategy", "book"} == read - {"token", "orders"}


def test_every_order_type_is_told() -> None:
    schema = SignalOrder.model_json_schema()["properties"]["order_type"]
    assert set(schema["enum"]) == webhook_model._FORMS.keys()  # noqa: SLF001 - the table


def test_an_answer_is_of_its_type() -> None:
    item = Item(
        account="main",
        order_id="1",
        exchange_order_id=None,
        symbol="TQQQ",
        outcome=Outcome.FAILED,
        error="halted: by hand",
    )
    for body in (
        answers.build("1", [item], ["a warning"]).body,
        answers.accepted("1", [("main", "1", "TQQQ")], ()).body,
        answers.broken("1").body,
    ):
        assert TypeAdapter(Reply).validate_json(body) == orjson.loads(body)
