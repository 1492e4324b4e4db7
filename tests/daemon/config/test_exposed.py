from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from daemon.config.exposed import exposed
from tests.daemon.config.loading import ONE_BOOK, load

if TYPE_CHECKING:
    from pathlib import Path

TEXT = '[http]\nadmin_token = { file = "secret" }\n' + ONE_BOOK


@pytest.mark.parametrize(("mode", "count"), [(0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1)])
def test_a_secret_that_others_can_read_is_warned_of(tmp_path: Path, mode: int, count: int) -> None:
    file = tmp_path / "secret"
    file.write_text("a" * 40)
    file.chmod(mode)
    warnings = exposed(load(tmp_path, TEXT))
    assert len(warnings) == count
    for warning in warnings:
        assert warning.path == "http.admin_token"
        assert str(file) in warning.message
        assert "a" * 40 not in str(warning)


def test_a_secret_in_the_environment_has_no_file(tmp_path: Path) -> None:
    text = TEXT.replace('file = "secret"', 'env = "ADMIN"')
    assert exposed(load(tmp_path, text, ADMIN="a" * 40)) == ()
