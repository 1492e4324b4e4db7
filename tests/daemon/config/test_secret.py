from __future__ import annotations

import copy
import json
import logging
import os
import pickle
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from daemon.config.secret import Secret, Surroundings, read_secret

if TYPE_CHECKING:
    from pathlib import Path

HIDDEN = "correct-horse"


class Holder(BaseModel):
    key: Secret


def read(folder: Path, value: object, **environ: str) -> str:
    return read_secret(value, Surroundings(folder, environ)).reveal()


def refusal(folder: Path, value: object, **environ: str) -> str:
    with pytest.raises(PydanticCustomError) as refused:
        read(folder, value, **environ)
    return refused.value.message()


def test_a_secret_is_revealed_only_when_asked() -> None:
    assert Secret(HIDDEN).reveal() == HIDDEN


def test_no_representation_shows_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(HIDDEN)
    holder = Holder(key=secret)
    logging.getLogger("test").warning("starting with %s, %r", secret, holder)
    shown = [
        repr(secret), str(secret), f"{secret}", f"{secret:>40}", f"{secret!r}",
        repr([secret]), repr(holder), str(holder), holder.model_dump_json(),
        json.dumps(holder.model_dump(mode="json")), repr(holder.model_dump()), caplog.text,
    ]  # fmt: skip
    assert not [text for text in shown if HIDDEN in text]
    assert "***" in caplog.text


def test_a_secret_is_not_pickled() -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret(HIDDEN))


def test_a_copy_of_a_secret_is_the_secret() -> None:
    secret = Secret(HIDDEN)
    assert copy.copy(secret) is secret
    assert copy.deepcopy({"key": secret})["key"] is secret


def test_secrets_are_equal_when_their_texts_are() -> None:
    assert Secret(HIDDEN) == Secret(HIDDEN)
    assert hash(Secret(HIDDEN)) == hash(Secret(HIDDEN))
    assert Secret(HIDDEN) != Secret("other")
    assert Secret(HIDDEN) != HIDDEN


def test_a_secret_comes_from_the_environment(tmp_path: Path) -> None:
    assert read(tmp_path, {"env": "KEY"}, KEY=HIDDEN) == HIDDEN
    assert read(tmp_path, {"env": "KEY"}, KEY=f"{HIDDEN}\n") == f"{HIDDEN}\n"


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_secret_comes_from_a_file_without_its_last_line_break(
    tmp_path: Path, ending: str
) -> None:
    (tmp_path / "key").write_bytes(f"{HIDDEN}{ending}".encode())
    assert read(tmp_path, {"file": "key"}) == HIDDEN
    assert read(tmp_path / "elsewhere", {"file": str(tmp_path / "key")}) == HIDDEN


def test_only_one_line_break_is_taken_off(tmp_path: Path) -> None:
    (tmp_path / "pem").write_bytes(b"-- BEGIN\nabc\n-- END\n\n")
    assert read(tmp_path, {"file": "pem"}) == "-- BEGIN\nabc\n-- END\n"


def test_a_reference_that_leads_nowhere_says_why(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"\n")
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    (tmp_path / "large").write_bytes(b"x" * 70_000)
    assert refusal(tmp_path, {"env": "KEY"}) == "environment variable KEY is not set"
    assert refusal(tmp_path, {"env": "KEY"}, KEY="") == "environment variable KEY is empty"
    assert (
        refusal(tmp_path, {"env": "KEY"}, KEY="\udcff") == "the variable's value is not UTF-8 text"
    )
    assert "No such file" in refusal(tmp_path, {"file": "missing"})
    assert "Is a directory" in refusal(tmp_path, {"file": "."})
    os.mkfifo(tmp_path / "pipe")
    assert "Is a pipe" in refusal(tmp_path, {"file": "pipe"})
    assert "not a usable path" in refusal(tmp_path, {"file": "a\x00b"})
    assert refusal(tmp_path, {"file": "empty"}) == "the file is empty"
    assert refusal(tmp_path, {"file": "latin"}) == "the file is not UTF-8 text"
    assert "more than" in refusal(tmp_path, {"file": "large"})


@pytest.mark.parametrize(
    "value", [HIDDEN, 1234, True, [HIDDEN], {"env": HIDDEN}, {"literal": HIDDEN}, {},
              {"env": "KEY", "file": HIDDEN}, {"env": 5}]
)  # fmt: skip
def test_a_literal_is_refused_and_not_repeated(tmp_path: Path, value: object) -> None:
    message = refusal(tmp_path, value, KEY="x")
    assert HIDDEN not in message


def test_without_surroundings_only_a_finished_secret_is_taken() -> None:
    assert Holder(key=Secret(HIDDEN)).key.reveal() == HIDDEN
    with pytest.raises(ValidationError, match="refer") as refused:
        Holder.model_validate({"key": {"env": "HOME"}})
    assert "HOME" not in refused.value.errors(include_input=False)[0]["msg"]
