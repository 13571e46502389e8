"""What the window remembers is there the next day, and a damaged file harms nobody."""

from __future__ import annotations

import os
from fractions import Fraction
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from companions.errors import FileUnwritable
from companions.geometry import Size
from companions.motion import OutputSize
from selector.core.safety import PROFILES, STANDARD
from selector.core.settings import (
    HOME_VARIABLE,
    DeskSettings,
    SettingsFile,
    Theme,
    cache_path,
    settings_path,
)

EVERYTHING = DeskSettings(
    theme=Theme.DARK,
    recent=("/shoot", "/übung/雨"),
    overlays={"/shoot": "/mine"},
    cache_mb=2000,
    threshold=0.37,
    output=OutputSize(width=832, height=480),
    duration_s=6.5,
    profile="sensitive",
    model="hub:org/model@main",
    target_fps=Fraction(24000, 1001),
    fleet_command=("/opt/fleet bin/fleet", "--home", "/data"),
    fleet_host="colo-1.example",
    window_geometry="AdnQywADAAA=",
)


@pytest.fixture
def file(tmp_path: Path) -> SettingsFile:
    """A settings file that is not there yet, in a folder that is not there either."""
    return SettingsFile(tmp_path / "config" / "selector.json")


def test_on_the_first_day_all_is_as_usual(file: SettingsFile) -> None:
    found = file.load()

    assert found.settings == DeskSettings()
    assert found.problem is None
    assert not file.path.parent.exists()
    usual = found.settings
    assert (usual.theme, usual.cache_mb, usual.threshold) == (Theme.SYSTEM, 1000, 0.5)
    assert usual.wanted().output == Size(1280, 720)


def test_all_that_is_remembered_is_found_again(file: SettingsFile) -> None:
    written = file.change(lambda _: EVERYTHING)

    assert written == EVERYTHING
    assert file.load().settings == EVERYTHING
    assert all(value != DeskSettings.model_fields[name].default for name, value in EVERYTHING)


def test_proposals_are_wanted_as_the_settings_say() -> None:
    wanted = EVERYTHING.wanted()

    assert (wanted.output, wanted.duration_s) == (Size(832, 480), 6.5)
    assert wanted.profile is PROFILES["sensitive"]
    assert EVERYTHING.changed(profile="of a newer program").wanted().profile is STANDARD


@pytest.mark.parametrize(
    ("damaged", "said"),
    [
        pytest.param(b'{"theme": "dark"', "JSON", id="cut off"),
        pytest.param(b'{"theme": "pink"}', "theme", id="no such theme"),
        pytest.param(b'{"threshold": 1.5}', "threshold", id="out of range"),
        pytest.param(b'{"threshold": NaN}', "threshold", id="no number"),
        pytest.param(b'{"recent": "/shoot"}', "recent", id="no list"),
        pytest.param(b"\xff\xfe\x00", "", id="no text"),
        pytest.param(b"", "", id="empty"),
    ],
)
def test_a_damaged_file_is_kept_aside_and_told(
    file: SettingsFile, damaged: bytes, said: str
) -> None:
    file.path.parent.mkdir()
    file.path.write_bytes(damaged)

    found = file.load()

    assert found.settings == DeskSettings()
    assert found.problem is not None
    assert said in found.problem
    assert "kept as selector.damaged.json" in found.problem
    assert file.path.with_name("selector.damaged.json").read_bytes() == damaged
    assert file.load().problem is None  # told once


def test_each_damaged_file_is_kept(file: SettingsFile) -> None:
    file.path.parent.mkdir()
    for damaged in (b"1", b"2", b"3"):
        file.path.write_bytes(damaged)
        file.load()

    kept = {path.name: path.read_bytes() for path in file.path.parent.glob("*.damaged*")}
    assert kept == {
        "selector.damaged.json": b"1",
        "selector.damaged-2.json": b"2",
        "selector.damaged-3.json": b"3",
    }


def test_something_else_of_that_name_is_moved_aside_as_well(file: SettingsFile) -> None:
    file.path.mkdir(parents=True)

    assert file.load().problem is not None
    assert file.path.with_name("selector.damaged.json").is_dir()


def test_what_a_newer_program_wrote_beside_is_kept(file: SettingsFile) -> None:
    file.path.parent.mkdir()
    file.path.write_bytes(b'{"theme": "dark", "loupe": {"zoom": 4}}')

    file.change(lambda settings: settings.changed(threshold=0.25))

    assert b'"loupe"' in file.path.read_bytes()
    found = file.load().settings
    assert (found.theme, found.threshold) == (Theme.DARK, 0.25)
    assert found.model_extra == {"loupe": {"zoom": 4}}


def test_two_windows_that_change_different_things_lose_neither(file: SettingsFile) -> None:
    def opened(index: int) -> None:
        SettingsFile(file.path).change(lambda s: s.with_opened(Path(f"/shoot {index}")))

    with ThreadPool(4) as windows:
        windows.map(opened, range(8))

    assert set(file.load().settings.recent) == {f"/shoot {index}" for index in range(8)}


def test_a_link_to_the_file_stays_a_link(file: SettingsFile, tmp_path: Path) -> None:
    elsewhere = tmp_path / "dotfiles.json"
    elsewhere.write_bytes(b"{}")
    file.path.parent.mkdir()
    file.path.symlink_to(elsewhere)

    file.change(lambda settings: settings.changed(theme=Theme.DARK))

    assert file.path.is_symlink()
    assert b'"dark"' in elsewhere.read_bytes()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "config").touch()

    with pytest.raises(FileUnwritable):
        SettingsFile(tmp_path / "config" / "selector.json").change(lambda s: s)


@pytest.mark.parametrize(
    "values",
    [
        {"cache_mb": 5},
        {"duration_s": 0.0},
        {"fleet_command": ()},
        {"fleet_host": "-oProxyCommand=x"},
        {"target_fps": 0},
        {"window_geometry": "no base64!"},
        {"recent": tuple("abcdefghijklm")},
    ],
    ids=lambda values: next(iter(values)),
)
def test_a_value_out_of_its_range_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DeskSettings().changed(**values)


@given(st.lists(st.integers(0, 20), max_size=40))
@example(list(range(20)))
def test_the_folders_opened_last_come_first_and_once(opened: list[int]) -> None:
    settings = DeskSettings()
    for index in opened:
        settings = settings.with_opened(Path(f"/{index}"))

    order = list(dict.fromkeys(f"/{index}" for index in reversed(opened)))
    assert list(settings.recent) == order[:12]


def test_a_folder_is_remembered_with_its_overlay_until_it_is_opened_without() -> None:
    shoot = Path("/shoot")
    settings = DeskSettings().with_opened(shoot, overlay=Path("/mine"))
    assert settings.overlay_of(shoot) == Path("/mine")

    assert settings.with_opened(shoot).overlay_of(shoot) is None
    assert settings.without(shoot) == DeskSettings()


def test_a_folder_whose_name_is_no_text_is_not_remembered() -> None:
    folder = Path(os.fsdecode(b"/caf\xe9"))

    assert DeskSettings().with_opened(folder) == DeskSettings()


def test_the_folder_of_the_settings_can_be_chosen(tmp_path: Path) -> None:
    assert settings_path({"SELECTOR_HOME": str(tmp_path)}) == tmp_path / "selector.json"
    assert settings_path({}).parent.name == "motionfleet"


def test_what_can_be_made_again_is_kept_beside_the_settings_or_in_the_platforms_cache(
    tmp_path: Path,
) -> None:
    assert cache_path({HOME_VARIABLE: str(tmp_path)}) == tmp_path / "cache"
    assert cache_path({}).is_absolute()
    assert "motionfleet" in cache_path({}).parts
