from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from daemon.config.document import parse_toml, read_document
from daemon.config.problems import ConfigErrors

if TYPE_CHECKING:
    from pathlib import Path


def read(folder: Path, content: bytes) -> dict[str, object]:
    file = folder / "config.toml"
    file.write_bytes(content)
    return read_document(file)


def refusal(folder: Path, content: bytes) -> str:
    with pytest.raises(ConfigErrors) as refused:
        read(folder, content)
    (error,) = refused.value.errors
    assert error.path == str(folder / "config.toml")
    return error.message


def test_floats_are_read_as_written(tmp_path: Path) -> None:
    assert read(tmp_path, b"a = 0.1\nb = 1e-7") == {"a": Decimal("0.1"), "b": Decimal("1e-7")}


def test_a_byte_order_mark_and_windows_line_ends_are_no_fault(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf[http]\r\nport = 1\r\n") == {"http": {"port": 1}}


def test_a_syntax_error_is_told_with_its_line_and_column(tmp_path: Path) -> None:
    assert refusal(tmp_path, b"[http]\nport 8710\n").startswith("line 2, column 6: Expected '='")
    assert refusal(tmp_path, b"a = [1").startswith("end of document: ")
    assert "line 3" in refusal(tmp_path, b"[a]\n[b]\n[a]\n")


def test_text_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    assert refusal(tmp_path, b"a = 1\nb = '\xff'") == "line 2: not UTF-8 text"


def test_a_file_that_is_not_there_or_no_file_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.toml", tmp_path):
        with pytest.raises(ConfigErrors, match="cannot be read"):
            read_document(path)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a = " + "[" * 200 + "]" * 200,
        "a = " + "{b=" * 5_000,
        "[" + ".".join("a" * 50_000) + "]",
        ".".join("a" * 5_000) + " = 1",
        "a = " + "9" * 5_000,
    ],
)
def test_a_file_made_to_exhaust_its_reader_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"deep|digits"):
        parse_toml(text)


def test_a_number_beyond_any_decimal_stays_a_text_which_no_key_accepts() -> None:
    assert parse_toml("a = 1e99999999999999999999") == {"a": "1e99999999999999999999"}


def test_a_file_beyond_all_measure_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    with file.open("wb") as writer:
        writer.truncate(17 * 1024 * 1024)
    with pytest.raises(ConfigErrors, match="larger than"):
        read_document(file)
