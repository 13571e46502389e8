"""The measured path arrives from its thread, once for each clip, and of the right clip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from companions.camera import CameraPath
from companions.names import CLIP_SUFFIX, companion_path
from companions.picture import decode_picture
from companions.rendition import size_of
from selector.media.measuring import Measurer
from tests.selector.clips import PUSH_IN, SIZE, came_back
from tests.selector.desks import PATIENCE_MS


@pytest.fixture
def measurer(qtbot: QtBot) -> Iterator[Measurer]:
    made = Measurer()
    yield made
    made.close()


def test_frames_of_a_clip_are_found_where_they_were_rendered(
    qtbot: QtBot, measurer: Measurer, tmp_path: Path
) -> None:
    picture = came_back(tmp_path)
    clip = companion_path(picture, CLIP_SUFFIX)

    with qtbot.waitSignal(measurer.measured, timeout=PATIENCE_MS) as told:
        assert measurer.want(clip, picture=picture, sha256="a") is None

    measured, placed = told.args
    assert measured == clip
    assert [each.frame for each in placed][::8] == [0, 23]
    size = size_of(decode_picture(picture.read_bytes(), file=""))
    path = CameraPath.of(PUSH_IN, picture=size, output=SIZE)
    for each in placed:
        assert each.centre == pytest.approx(path.window(each.frame / 23).centre, abs=0.004)
    assert measurer.want(clip, picture=picture, sha256="a") == placed
    assert measurer.want(clip, picture=picture, sha256="another attempt") is None


def test_a_picture_or_clip_that_cannot_be_read_has_no_path_and_stops_nothing(
    qtbot: QtBot, measurer: Measurer, tmp_path: Path
) -> None:
    picture = came_back(tmp_path)
    (tmp_path / "bad.mp4").write_bytes(b"no clip")

    with qtbot.waitSignal(measurer.measured, timeout=PATIENCE_MS) as told:
        measurer.want(tmp_path / "bad.mp4", picture=picture, sha256="a")
    assert told.args == [tmp_path / "bad.mp4", ()]

    clip = companion_path(picture, CLIP_SUFFIX)
    with qtbot.waitSignal(measurer.measured, timeout=PATIENCE_MS) as told:
        measurer.want(clip, picture=picture, sha256="b")
    assert len(told.args[1]) == 9


def test_a_picture_that_was_away_for_a_moment_is_measured_when_it_is_wanted_again(
    qtbot: QtBot, measurer: Measurer, tmp_path: Path
) -> None:
    picture = came_back(tmp_path)
    clip = companion_path(picture, CLIP_SUFFIX)
    away = picture.rename(tmp_path / "away.png")
    with qtbot.waitSignal(measurer.measured, timeout=PATIENCE_MS) as told:
        measurer.want(clip, picture=picture, sha256="a")
    assert told.args == [clip, ()]

    away.rename(picture)
    with qtbot.waitSignal(measurer.measured, timeout=PATIENCE_MS) as told:
        assert measurer.want(clip, picture=picture, sha256="a") is None

    assert len(told.args[1]) == 9


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_that_nobody_foresaw_costs_one_path(
    qtbot: QtBot, measurer: Measurer, tmp_path: Path
) -> None:
    picture = came_back(tmp_path)
    clip = companion_path(picture, CLIP_SUFFIX)

    with qtbot.waitSignal(measurer.measured, timeout=PATIENCE_MS) as told:
        measurer.want(clip, picture=tmp_path / "no file is called so\0.png", sha256="a")
    assert told.args == [clip, ()]
    with qtbot.waitSignal(measurer.measured, timeout=PATIENCE_MS) as told:
        measurer.want(clip, picture=picture, sha256="b")

    assert len(told.args[1]) == 9
