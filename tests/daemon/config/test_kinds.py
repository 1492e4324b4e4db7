from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, Field, ValidationError

from daemon.config.kinds import FilePath, Percent, Table, Text, bounded, empty_table, one_of
from daemon.config.secret import Surroundings
from daemon.config.values import INTEGER_MAX, read_decimal, read_integer


class Fruit(StrEnum):
    APPLE = "apple"
    PEAR = "pear"
    PLUM = "plum"


class Basket(BaseModel):
    file: FilePath = Path("basket")
    fruit: Annotated[Fruit, one_of(Fruit, Fruit.APPLE, Fruit.PEAR)] = Fruit.APPLE
    shares: Table[Text, Percent] = Field(default_factory=empty_table)


def test_a_field_is_read_by_the_reader_of_its_kind() -> None:
    basket = Basket.model_validate({"fruit": "pear", "shares": {"a": "12.5"}})
    assert basket.fruit is Fruit.PEAR
    assert basket.shares == {"a": Decimal("12.5")}


def test_a_path_is_placed_beside_the_file_that_names_it() -> None:
    around = Surroundings(Path("/etc/n"), {})
    assert Basket.model_validate({"file": "x"}, context=around).file == Path("/etc/n/x")
    assert Basket.model_validate({"file": "x"}).file == Path("x")


def test_every_fault_is_found_and_told_by_the_reader() -> None:
    with pytest.raises(ValidationError) as refused:
        Basket.model_validate({"file": 1, "fruit": "plum", "shares": {"a": 101, "": 1}})
    assert {error["loc"]: error["msg"] for error in refused.value.errors()} == {
        ("file",): "must be a string",
        ("fruit",): 'must be one of "apple", "pear"',
        ("shares", "a"): "must be from 0 to 100",
        ("shares", "", "[key]"): "must be one line of 1 to 1024 printable characters",
    }


def test_a_table_cannot_be_changed_and_still_be_dumped() -> None:
    basket = Basket.model_validate({"shares": {"a": 1}})
    for table in (basket.shares, Basket().shares):
        with pytest.raises(TypeError):
            table["b"] = 1  # type: ignore[index]
    assert basket.model_dump()["shares"] == {"a": 1}
    assert Basket().model_dump()["shares"] == {}


def test_a_kind_of_number_names_its_bounds() -> None:
    assert bounded("number", read_decimal, 0).name == "number, 0 or more"
    assert bounded("number", read_decimal, 0, above=True).name == "number, above 0"
    assert bounded("number", read_decimal, 0, 5).name == "number, from 0 to 5"
    assert bounded("number", read_decimal, 0, 5, above=True).name == (
        "number, above 0 and at most 5"
    )
    assert bounded("whole number", read_integer, 0, INTEGER_MAX).name == "whole number, 0 or more"
