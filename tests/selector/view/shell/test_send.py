"""Send: what is shown is what is written and submitted, and the fleet's progress is seen."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from companions import codec
from companions.lock import lock_path
from companions.names import MANIFEST_SUFFIX
from companions.video_manifest import VideoManifest
from selector.core.drafting import with_duration
from selector.core.placement import Placement
from selector.core.settings import SettingsFile
from selector.core.submission import Target
from selector.view.shell.outgoing import Outgoing, manifest_stem
from selector.view.shell.send import SendDialog
from selector.view.shell.window import MainWindow
from tests.selector import stills
from tests.selector.desks import PATIENCE_MS, let_errands_end, wait_for_look
from tests.selector.windows import desk_of, press, window

Key, Ctrl = Qt.Key, Qt.KeyboardModifier.ControlModifier
NAMES = ("a/1.png", "b/2.png", "c/3.png")

WELL = """
import sys
print("1/2 pass a", file=sys.stderr, flush=True)
print("2/2 pass b", file=sys.stderr, flush=True)
"""
FAILED = """
import sys
print("a.jpg\tpass\t96")
print("1 of 2 shots ended without a clip", file=sys.stderr, flush=True)
sys.exit(60)
"""
PUT_AWAY = "put away"
"""The file that an endless fleet leaves where it was asked to end."""
ENDLESS = """
import signal, sys, time, pathlib
def end(*_):
    pathlib.Path({mark!r}).touch()
    sys.exit(8)
signal.signal(signal.SIGTERM, end)
print("1/2 pass a", flush=True)
time.sleep(600)
"""


def shoot(folder: Path) -> Path:
    """Three groups of one large picture each; the second too small for any clip."""
    for name in NAMES:
        small = name == NAMES[1]
        pixels = stills.drawn(90 if small else 1500, 60 if small else 1000)
        stills.saved(pixels, folder / name)
    return folder


def fleet(home: Path, program: str) -> None:
    """Settings whose fleet is a program of the test's; it notes its arguments."""
    script = home / "fleet.py"
    noting = (
        f"import json, sys\nopen({str(home / 'asked')!r}, 'w').write(json.dumps(sys.argv[1:]))\n"
    )
    script.write_text(noting + program, "utf-8")
    script.chmod(script.stat().st_mode | stat.S_IEXEC)
    command = (sys.executable, str(script))
    SettingsFile(home / "selector.json").change(lambda s: s.changed(fleet_command=command))


def dialog_of(qtbot: QtBot, made: MainWindow, *, picked: tuple[str, ...]) -> SendDialog:
    """Those pictures picked, and the Send dialog opened by its key."""
    desk = desk_of(made)
    for name in picked:
        wait_for_look(qtbot, desk, name)
        group = desk.cull.group_of(name)
        assert group is not None
        desk.decide(group, (name,))
    press(made, Key.Key_Return, Ctrl)
    dialog = made.shown_surface()
    assert isinstance(dialog, SendDialog)
    dialog.activateWindow()
    qtbot.waitUntil(dialog.isActiveWindow, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: dialog.list.topLevelItemCount() == len(picked), timeout=PATIENCE_MS)
    return dialog


def send(qtbot: QtBot, dialog: SendDialog) -> None:
    """By Enter, as soon as there is something to send."""
    qtbot.waitUntil(dialog.send.isEnabled, timeout=PATIENCE_MS)
    QTest.keyClick(dialog, Key.Key_Return)


@contextmanager
def working(qtbot: QtBot, home: Path) -> Iterator[tuple[MainWindow, SendDialog]]:
    """A window behind which a fleet works that ends when it is asked to, and has spoken: before,
    it cannot be asked to end in peace."""
    fleet(home, ENDLESS.format(mark=str(home / PUT_AWAY)))
    with window(qtbot, home, shoot(home / "shoot")) as made:
        dialog = dialog_of(qtbot, made, picked=NAMES[:1])
        send(qtbot, dialog)
        qtbot.waitUntil(lambda: dialog.progress.value() == 1, timeout=PATIENCE_MS)
        yield made, dialog


def rows(dialog: SendDialog) -> dict[str, str]:
    """What the dialog says of each pick."""
    items = (dialog.list.topLevelItem(row) for row in range(dialog.list.topLevelItemCount()))
    return {item.text(0): item.text(2) for item in items if item is not None}


def manifests(folder: Path) -> list[Path]:
    """Those in the folder."""
    return sorted(folder.glob("*.video_manifest.json"))


def test_what_will_be_sent_is_shown_and_what_not_with_the_reason(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = shoot(tmp_path / "shoot")
    with window(qtbot, tmp_path, folder) as made:
        dialog = dialog_of(qtbot, made, picked=NAMES)

        assert rows(dialog)[NAMES[0]] == rows(dialog)[NAMES[2]] == "will be sent"
        assert "unsafe: source px" in rows(dialog)[NAMES[1]]
        assert dialog.summary.text().startswith("2 shots will be sent; 1 of the picks cannot be")
    assert manifests(folder) == [], "nothing is written before a button is pressed"


def test_the_manifest_holds_what_was_shown_with_what_was_asked(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = shoot(tmp_path / "shoot")
    with window(qtbot, tmp_path, folder) as made:
        dialog = dialog_of(qtbot, made, picked=NAMES[:1])
        dialog.rate.setCurrentText("25")
        dialog.priority.setValue(7)
        QTest.keyClick(dialog, Key.Key_W, Qt.KeyboardModifier.AltModifier)
        qtbot.waitUntil(lambda: "1 shot written" in dialog.told.text(), timeout=PATIENCE_MS)

    [written] = manifests(folder)
    manifest = codec.read(written, VideoManifest)
    assert [shot.image_path for shot in manifest.shots] == [NAMES[0]]
    text = json.loads(written.read_text("utf-8"))
    assert text["defaults"]["interpolation"]["target_fps"] == 25
    assert text["defaults"]["priority"] == 7
    assert text["defaults"]["generation_params"]["model"] == "camera"


def test_enter_sends_and_the_progress_of_the_fleet_is_seen(qtbot: QtBot, tmp_path: Path) -> None:
    folder = shoot(tmp_path / "shoot")
    fleet(tmp_path, WELL)
    with window(qtbot, tmp_path, folder) as made:
        dialog = dialog_of(qtbot, made, picked=NAMES)
        send(qtbot, dialog)
        qtbot.waitUntil(lambda: not made.sending.is_running, timeout=PATIENCE_MS)

        assert dialog.told.text() == "Every shot has its clip."
        assert "2/2 pass b" in dialog.log.toPlainText()
        assert dialog.progress.value() == dialog.progress.maximum()
    [written] = manifests(folder)
    assert json.loads((tmp_path / "asked").read_text("utf-8")) == ["submit", str(written)]


def test_a_host_that_was_set_gets_what_is_sent_and_goes_on_without_this_window(
    qtbot: QtBot, tmp_path: Path
) -> None:
    SettingsFile(tmp_path / "selector.json").change(lambda s: s.changed(fleet_host="colo"))
    with working(qtbot, tmp_path) as (made, dialog):
        asked = json.loads((tmp_path / "asked").read_text("utf-8"))
        [written] = manifests(tmp_path / "shoot")
        assert asked == ["submit", "--host", "colo", str(written)]
        dialog.reject()
        made.close()
        assert (
            "colo goes on: fetch them with fleet pull colo"
            in made.banners.standing["fleet"].words.text()
        )
        made.sending.cancel()
        qtbot.waitUntil(lambda: not made.sending.is_running, timeout=PATIENCE_MS)


def test_a_fleet_that_fails_is_told_by_its_last_words(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    fleet(tmp_path, FAILED)
    with window(qtbot, tmp_path, shoot(tmp_path / "shoot")) as made:
        dialog = dialog_of(qtbot, made, picked=NAMES[:1])
        send(qtbot, dialog)
        qtbot.waitUntil(lambda: dialog.told.text().startswith("The fleet"), timeout=PATIENCE_MS)

        assert dialog.told.text() == "The fleet ended with 60: 1 of 2 shots ended without a clip"
        qtbot.waitUntil(dialog.send.isEnabled, timeout=PATIENCE_MS)


def test_stop_ends_the_fleet_in_peace_and_says_that_shots_stay_queued(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with working(qtbot, tmp_path) as (made, dialog):
        assert made.sending.is_running
        QTest.keyClick(dialog.cancel, Key.Key_Space)
        qtbot.waitUntil(lambda: not made.sending.is_running, timeout=PATIENCE_MS)

        assert "queued still" in dialog.told.text()
        assert (tmp_path / PUT_AWAY).exists(), "it was asked to end, and not killed"


def test_the_fleet_goes_on_when_the_dialog_is_closed_and_is_seen_when_it_is_opened_again(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with working(qtbot, tmp_path) as (made, dialog):
        QTest.keyClick(dialog, Key.Key_Escape)
        assert made.sending.is_running

        made.show_send()
        again = made.shown_surface()
        assert isinstance(again, SendDialog)
        assert again.cancel.isVisible()
        assert not again.send.isEnabled()
        assert again.log.toPlainText() == "1/2 pass a"
        assert (again.progress.value(), again.progress.maximum()) == (1, 2)
        made.sending.cancel()
        qtbot.waitUntil(lambda: not made.sending.is_running, timeout=PATIENCE_MS)


def test_a_window_behind_which_the_fleet_works_asks_before_it_stops_it(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with working(qtbot, tmp_path) as (made, _):
        for button, says in ((1, ""), (0, "putting its work away")):
            made.close()
            assert made.isVisible()
            assert made.sending.is_running
            banner = made.banners.standing["fleet"]
            assert "stops when this window is closed" in banner.words.text()
            banner.buttons[button].click()
            left = made.banners.standing.get("fleet")
            assert says in (left.words.text() if left is not None else "")

        qtbot.waitUntil(lambda: not made.isVisible(), timeout=PATIENCE_MS)
        assert (tmp_path / PUT_AWAY).exists(), "it was asked to end, and not killed"


def test_a_move_that_is_drawn_while_the_dialog_is_open_is_the_one_that_is_sent(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = shoot(tmp_path / "shoot")
    with window(qtbot, tmp_path, folder) as made:
        dialog = dialog_of(qtbot, made, picked=NAMES[:1])
        qtbot.waitUntil(dialog.write.isEnabled, timeout=PATIENCE_MS)
        desk = desk_of(made)
        assert desk.edit(NAMES[0], lambda motion: with_duration(motion, 2.5), what="faster")
        assert not dialog.write.isEnabled(), "what was read is not what is there"
        assert dialog.write_manifest() is None

        dialog.activateWindow()
        qtbot.waitUntil(dialog.write.isEnabled, timeout=PATIENCE_MS)
        written = dialog.write_manifest()

    assert written is not None
    assert codec.read(written, VideoManifest).shots[0].motion.duration_sec == 2.5


def test_nothing_is_sent_while_what_was_drawn_is_not_on_the_disk(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = shoot(tmp_path / "shoot")
    with window(qtbot, tmp_path, folder) as made:
        dialog = dialog_of(qtbot, made, picked=NAMES[:1])
        in_the_way = lock_path(folder / NAMES[0])
        in_the_way.mkdir()  # the picture can be read, and nothing written beside it
        desk = desk_of(made)
        assert desk.edit(NAMES[0], lambda motion: with_duration(motion, 2.5), what="faster")
        dialog.activateWindow()
        qtbot.waitUntil(dialog.write.isEnabled, timeout=PATIENCE_MS)

        assert dialog.write_manifest() is None
        assert "Not all is on the disk yet" in dialog.told.text()
        assert manifests(folder) == []

        in_the_way.rmdir()
        assert desk.save_again()
        qtbot.waitUntil(dialog.write.isEnabled, timeout=PATIENCE_MS)
        written = dialog.write_manifest()

    assert written is not None
    assert codec.read(written, VideoManifest).shots[0].motion.duration_sec == 2.5


def test_each_manifest_has_a_name_of_its_own_and_none_is_written_over(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = shoot(tmp_path / "shoot")
    with window(qtbot, tmp_path, folder) as made:
        dialog = dialog_of(qtbot, made, picked=NAMES[:1])
        written = []
        for _ in range(2):
            qtbot.waitUntil(dialog.write.isEnabled, timeout=PATIENCE_MS)
            written.append(dialog.write_manifest())
        assert len(manifests(folder)) == 2
        assert written[0] is not None
        before = written[0].read_bytes()
        assert manifests(folder) == sorted(each for each in written if each is not None)

        qtbot.waitUntil(dialog.write.isEnabled, timeout=PATIENCE_MS)
        dialog.file.setText(str(written[0]))
        assert dialog.write_manifest() is None
        assert "is there already" in dialog.summary.text()
        assert written[0].read_bytes() == before


def test_a_manifest_is_named_by_its_moment_also_in_a_folder_with_a_long_name(
    tmp_path: Path,
) -> None:
    for name in ("x" * 200, "写" * 80):
        stem = manifest_stem(Placement(tmp_path / name), "20250704_143022")

        assert stem.endswith("_20250704_143022")
        assert len((stem + MANIFEST_SUFFIX).encode()) <= 255


def test_a_manifest_goes_above_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    assert Placement(tmp_path).manifest_folder() == tmp_path
    (tmp_path / "shoot").mkdir(mode=0o555)
    # For root, whom rights do not stop, one of the kernel's.
    folder = next(f for f in (tmp_path / "shoot", Path("/proc/sys/dev")) if not writable(f))

    above = Placement(folder).manifest_folder()

    assert writable(above)
    assert above in folder.parents


def writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK)


def test_what_was_read_for_one_manifest_is_not_taken_for_another(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = shoot(tmp_path / "shoot")
    with window(qtbot, tmp_path, folder) as made:
        dialog = dialog_of(qtbot, made, picked=NAMES[:1])
        outgoing = Outgoing(desk_of(made))
        taken: list[str] = []
        outgoing.ready.connect(
            lambda: taken.extend(g.source.image_path for g in outgoing.gathered if g.source)
        )
        name = "x.video_manifest.json"
        for root in (folder, tmp_path):
            outgoing.gather(
                Target.of(folder, out=root / name, per_image=False), include_blocked=False
            )
            let_errands_end()
        qtbot.waitUntil(lambda: bool(taken), timeout=PATIENCE_MS)

        assert taken == [f"shoot/{NAMES[0]}"]
        dialog.reject()


def test_a_fleet_that_cannot_be_started_is_told_and_the_manifest_stays(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = shoot(tmp_path / "shoot")
    SettingsFile(tmp_path / "selector.json").change(
        lambda s: s.changed(fleet_command=("no-such-fleet",))
    )
    with window(qtbot, tmp_path, folder) as made:
        dialog = dialog_of(qtbot, made, picked=NAMES[:1])
        send(qtbot, dialog)
        qtbot.waitUntil(lambda: "cannot be started" in dialog.told.text(), timeout=PATIENCE_MS)

    assert len(manifests(folder)) == 1
