"""A restore swaps databases at a start: wholly, however often it is cut short, and halted."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.backup import BackupError, back_up, databases_of
from daemon.config import Config, load_config
from daemon.restore import arm, disarm, is_armed, put_in_place, stage
from tests.support.books import all_is_well, fills
from tests.support.loops import in_virtual_time
from tests.support.world import THREE_BOOKS, buy, world


def files(folder: Path, pattern: str) -> list[Path]:
    return list(folder.rglob(pattern))


def silent(_: int, __: int) -> None:
    pass


async def kept_and_gone_on(folder: Path) -> Path:
    """Ten are bought, a backup is taken, five more are bought."""
    target = folder / "monday"
    async with world(folder) as day:
        await day.submit("alpha", buy("TQQQ", "10"))
        await day.pass_time(1)
        back_up(day.engine.config, target, day.clock.now(), silent)
        await day.submit("alpha", buy("TQQQ", "5"))
        await day.pass_time(1)
    return target


def config_of(folder: Path) -> Config:
    return load_config(folder / "config.toml", {})


def test_after_a_restore_everything_is_as_it_was_and_halted(tmp_path: Path) -> None:
    async def story() -> None:
        backup = await kept_and_gone_on(tmp_path)
        config = config_of(tmp_path)
        async with world(tmp_path, seed=2) as day:
            now = day.clock.now()
            assert len(fills(day)) == 2
            arm(config, stage(config, backup, now, silent), now)
            assert is_armed(config)
        assert len(put_in_place(config)) == 2
        assert put_in_place(config) == []
        assert files(tmp_path, "*.restoring*") == []
        assert len(files(tmp_path, "*.before-*")) >= 2
        async with world(tmp_path, seed=3) as day:
            assert [fill["quantity"] for fill in fills(day)] == ["10"]
            await day.pass_time(1)
            told = await day.submit("beta", buy("TQQQ", "1"))
            assert "restored from the backup of" in str(told.body)
            await all_is_well(day)

    in_virtual_time(story())


@pytest.mark.parametrize("swapped", range(6))
def test_a_kill_while_files_are_swapped_ends_in_one_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swapped: int
) -> None:
    async def story() -> None:
        backup = await kept_and_gone_on(tmp_path)
        config = config_of(tmp_path)
        async with world(tmp_path, seed=2) as day:
            arm(config, stage(config, backup, day.clock.now(), silent), day.clock.now())
        rename, left = Path.rename, [swapped]

        def renamed(self: Path, target: Path) -> Path:
            if left[0] == 0:
                raise KeyboardInterrupt
            left[0] -= 1
            return rename(self, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", renamed)
            try:
                put_in_place(config)
            except KeyboardInterrupt:
                assert is_armed(config)
        put_in_place(config)
        assert not is_armed(config)
        async with world(tmp_path, seed=3) as day:
            assert [fill["quantity"] for fill in fills(day)] == ["10"]
            await day.pass_time(1)
            await all_is_well(day)

    in_virtual_time(story())


def test_what_cannot_be_restored_is_told_and_changes_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        backup = await kept_and_gone_on(tmp_path)
        other = tmp_path / "other"
        other.mkdir()
        (other / "config.toml").write_text(THREE_BOOKS.replace("main", "second"))
        async with world(tmp_path, seed=2) as day:
            now = day.clock.now()
            with pytest.raises(BackupError, match="has no account for paper-main"):
                stage(config_of(other), backup, now, silent)
            with pytest.raises(BackupError, match="is no backup"):
                stage(day.engine.config, tmp_path, now, silent)
            staged = stage(day.engine.config, backup, now, silent)
            disarm(staged)
        assert files(tmp_path, "*.restoring*") == []
        assert databases_of(config_of(tmp_path)).keys() == staged.keys()

    in_virtual_time(story())
