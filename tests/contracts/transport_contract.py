"""What every transport does.  Each one subclasses and gives ``transport``."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fleet.sync.errors import TransferFailed, TransferRefused
from fleet.sync.transport.base import Item, Pace, Stop, Transport
from tests.contracts.transfers import MEGA, bytes_of, tree, write

ODD_NAMES = (
    "-x.jpg",
    "--delete.jpg",
    "#a b'\"$(touch x).jpg",
    "; echo hi;.jpg",
    "`id`&|<>*?[a]{b}~!.jpg",
    "ü.jpg",
    "东京 😀.jpg",
    " leading and trailing .jpg ",
    "a=b,c:d%20@e+f.jpg",
    "deep/er/and deeper/-/#/x.jpg",
    ".hidden.jpg",
    "a..b.jpg",
    f"{'n' * 230}.jpg",
)
UNLIMITED = Pace()


class ArrivalContract:
    """What has to arrive, and what has to stay as it is."""

    name: str
    """As in settings."""

    @pytest.fixture
    def transport(self) -> Iterator[Transport]:
        raise NotImplementedError

    @pytest.fixture
    def here(self, tmp_path: Path) -> Path:
        """The folder on this machine."""
        folder = tmp_path / "here"
        folder.mkdir(mode=0o700)
        return folder

    @pytest.fixture
    def far(self, tmp_path: Path) -> Path:
        """The folder on the host, which is this machine too."""
        folder = tmp_path / "far"
        folder.mkdir(mode=0o700)
        return folder

    @staticmethod
    def send(
        transport: Transport,
        items: Sequence[Item],
        here: Path,
        far: Path,
        *,
        pace: Pace = UNLIMITED,
        stop: Stop | None = None,
    ) -> None:
        transport.send(items, source=here, destination=str(far), pace=pace, stop=stop or Stop())

    @staticmethod
    def fetch(
        transport: Transport,
        items: Sequence[Item],
        far: Path,
        here: Path,
        *,
        pace: Pace = UNLIMITED,
        stop: Stop | None = None,
    ) -> None:
        transport.fetch(items, source=str(far), destination=here, pace=pace, stop=stop or Stop())

    def test_it_is_called_what_the_settings_call_it(self, transport: Transport) -> None:
        assert transport.name == self.name

    # what arrives

    def test_sent_files_arrive_under_their_own_paths_with_their_bytes(
        self, transport: Transport, here: Path, far: Path
    ) -> None:
        files = {"a.jpg": bytes_of(100_000), "b/c/d.png": bytes_of(7), "b/e.jpg": bytes_of(65_536)}
        items = write(here, files)

        self.send(transport, items, here, far)

        assert tree(far) == files

    def test_fetched_files_arrive_under_their_own_paths_with_their_bytes(
        self, transport: Transport, here: Path, far: Path
    ) -> None:
        files = {
            "a.mp4": bytes_of(3 * MEGA),
            "b/c/d.json": bytes_of(7),
            "b/e.mp4": bytes_of(65_536),
        }
        items = write(far, files)

        self.fetch(transport, items, far, here)

        assert tree(here) == files

    @pytest.mark.parametrize("direction", ["send", "fetch"])
    def test_names_are_names_and_nothing_else(
        self, transport: Transport, here: Path, far: Path, direction: str
    ) -> None:
        files = {name: name.encode() for name in ODD_NAMES}
        source, sink = (here, far) if direction == "send" else (far, here)
        items = write(source, files)

        if direction == "send":
            self.send(transport, items, here, far)
        else:
            self.fetch(transport, items, far, here)

        assert tree(sink) == files

    @pytest.mark.parametrize("direction", ["send", "fetch"])
    def test_a_folder_whose_name_a_shell_would_read_is_a_folder(
        self, transport: Transport, tmp_path: Path, direction: str
    ) -> None:
        here, far = tmp_path / "he re'$(x);#", tmp_path / "fa r'\"$(touch y)*;#ü"
        here.mkdir()
        far.mkdir()
        source, sink = (here, far) if direction == "send" else (far, here)
        items = write(source, {"a.jpg": b"a"})

        if direction == "send":
            self.send(transport, items, here, far)
        else:
            self.fetch(transport, items, far, here)

        assert tree(sink) == {"a.jpg": b"a"}

    @pytest.mark.parametrize("direction", ["send", "fetch"])
    def test_an_empty_file_arrives_empty(
        self, transport: Transport, here: Path, far: Path, direction: str
    ) -> None:
        source, sink = (here, far) if direction == "send" else (far, here)
        move = self.send if direction == "send" else self.fetch
        items = write(source, {"empty.jpg": b"", "full.jpg": b"1"})

        move(transport, items[:1], source, sink)
        move(transport, items[1:], source, sink)

        assert tree(sink) == {"empty.jpg": b"", "full.jpg": b"1"}

    @pytest.mark.parametrize("direction", ["send", "fetch"])
    def test_nothing_asked_for_is_nothing_done(
        self, transport: Transport, here: Path, far: Path, direction: str
    ) -> None:
        write(here, {"a.jpg": b"a"})
        write(far, {"b.jpg": b"b"})

        self.send(transport, [], here, far)
        self.fetch(transport, [], far, here)

        assert (tree(here), tree(far)) == ({"a.jpg": b"a"}, {"b.jpg": b"b"})

    # what is left alone

    @pytest.mark.parametrize("direction", ["send", "fetch"])
    def test_files_that_were_not_named_are_not_touched(
        self, transport: Transport, here: Path, far: Path, direction: str
    ) -> None:
        source, sink = (here, far) if direction == "send" else (far, here)
        items = write(source, {"a.jpg": b"new", "b.jpg": b"not named", "c/d.jpg": b"nor this"})[:1]
        write(sink, {"b.jpg": b"theirs", "z/y.jpg": b"older"})

        if direction == "send":
            self.send(transport, items, here, far)
        else:
            self.fetch(transport, items, far, here)

        assert tree(sink) == {"a.jpg": b"new", "b.jpg": b"theirs", "z/y.jpg": b"older"}

    @pytest.mark.parametrize("direction", ["send", "fetch"])
    def test_a_file_that_is_there_with_its_size_and_time_does_not_travel(
        self, transport: Transport, here: Path, far: Path, direction: str
    ) -> None:
        source, sink = (here, far) if direction == "send" else (far, here)
        items = write(source, {"same.jpg": b"aaaa", "time.jpg": b"bbbb", "size.jpg": b"cccc"})
        write(sink, {"same.jpg": b"AAAA", "time.jpg": b"BBBB", "size.jpg": b"C"})
        # What differs but looks the same tells whether a byte was moved.
        for folder, name in ((sink, "same.jpg"), (sink, "size.jpg"), (source, "same.jpg"),
                             (source, "time.jpg"), (source, "size.jpg")):  # fmt: skip
            os.utime(folder / name, (1_600_000_000, 1_600_000_000))

        if direction == "send":
            self.send(transport, items, here, far)
        else:
            self.fetch(transport, items, far, here)

        assert tree(sink) == {"same.jpg": b"AAAA", "time.jpg": b"bbbb", "size.jpg": b"cccc"}

    @pytest.mark.parametrize("direction", ["send", "fetch"])
    def test_no_stranger_may_read_what_arrived(
        self, transport: Transport, here: Path, far: Path, direction: str
    ) -> None:
        source, sink = (here, far) if direction == "send" else (far, here)
        items = write(source, {"b/a.jpg": b"a"})
        (source / "b/a.jpg").chmod(0o666)

        if direction == "send":
            self.send(transport, items, here, far)
        else:
            self.fetch(transport, items, far, here)

        assert (sink / "b/a.jpg").stat().st_mode & 0o037 == 0
        assert (sink / "b").stat().st_mode & 0o027 == 0

    def test_compressing_changes_no_byte(self, transport: Transport, here: Path, far: Path) -> None:
        files = {"a.tif": b"plain " * 100_000, "b.jpg": bytes_of(100_000)}
        items = write(here, files)

        self.send(transport, items, here, far, pace=Pace(compress=True))

        assert tree(far) == files

    @pytest.mark.parametrize("direction", ["send", "fetch"])
    def test_it_presses_no_harder_than_it_may(
        self, transport: Transport, here: Path, far: Path, direction: str
    ) -> None:
        source, sink = (here, far) if direction == "send" else (far, here)
        items = write(source, {"a.jpg": bytes_of(2 * MEGA)})
        move = self.send if direction == "send" else self.fetch
        started = time.monotonic()

        move(transport, items, source, sink, pace=Pace(bytes_per_s=2 * MEGA))

        assert 0.7 < time.monotonic() - started < 10.0


class TransportContract(ArrivalContract):
    """What every transport does."""

    @pytest.mark.parametrize("direction", ["send", "fetch"])
    def test_the_source_stays_as_it_was(
        self, transport: Transport, here: Path, far: Path, direction: str
    ) -> None:
        source = here if direction == "send" else far
        items = write(source, {"a.jpg": b"a", "b/c.jpg": b"c"})

        if direction == "send":
            self.send(transport, items, here, far)
        else:
            self.fetch(transport, items, far, here)

        assert tree(source) == {"a.jpg": b"a", "b/c.jpg": b"c"}

    @pytest.mark.parametrize("direction", ["send", "fetch"])
    def test_what_arrived_has_the_time_of_its_source(
        self, transport: Transport, here: Path, far: Path, direction: str
    ) -> None:
        source, sink = (here, far) if direction == "send" else (far, here)
        items = write(source, {"a.jpg": b"a"})
        os.utime(source / "a.jpg", (1_500_000_000, 1_500_000_000))

        if direction == "send":
            self.send(transport, items, here, far)
        else:
            self.fetch(transport, items, far, here)

        assert (sink / "a.jpg").stat().st_mtime == 1_500_000_000

    def test_thousands_of_small_files_arrive(
        self, transport: Transport, here: Path, far: Path
    ) -> None:
        files = {f"{n % 20:02}/{n:05}.jpg": str(n).encode() for n in range(2_000)}
        items = write(here, files)

        self.send(transport, items, here, far)

        assert tree(far) == files

    @pytest.mark.parametrize("direction", ["send", "fetch"])
    def test_a_large_file_that_is_mostly_holes_arrives_whole(
        self, transport: Transport, here: Path, far: Path, direction: str
    ) -> None:
        size, told = 300 * MEGA + 1, {0: b"begin", 150 * MEGA: b"middle", 300 * MEGA: b"!"}
        source, sink = (here, far) if direction == "send" else (far, here)
        with (source / "big.tif").open("wb") as stream:
            for offset, data in told.items():
                stream.seek(offset)
                stream.write(data)
        items = [Item("big.tif", size)]

        if direction == "send":
            self.send(transport, items, here, far)
        else:
            self.fetch(transport, items, far, here)

        arrived = sink / "big.tif"
        with arrived.open("rb") as stream:
            for offset, data in told.items():
                stream.seek(offset)
                assert stream.read(len(data)) == data
        assert arrived.stat().st_size == size

    # symbolic links

    def test_a_link_is_not_sent(self, transport: Transport, here: Path, far: Path) -> None:
        secret = here.parent / "secret"
        secret.write_text("secret")
        (here / "link.jpg").symlink_to(secret)

        with pytest.raises(TransferRefused, match=r"link\.jpg is a symbolic link"):
            self.send(transport, [Item("link.jpg", 6)], here, far)

        assert tree(far) == {}

    def test_a_file_behind_a_linked_folder_is_not_sent(
        self, transport: Transport, here: Path, far: Path
    ) -> None:
        outside = here.parent / "outside"
        write(outside, {"a.jpg": b"secret"})
        (here / "in").symlink_to(outside)

        with pytest.raises(TransferRefused, match="in is a symbolic link"):
            self.send(transport, [Item("in/a.jpg", 6)], here, far)

        assert tree(far) == {}

    def test_a_link_on_the_host_is_not_fetched(
        self, transport: Transport, here: Path, far: Path
    ) -> None:
        secret = far.parent / "secret"
        secret.write_text("secret")
        (far / "link.mp4").symlink_to(secret)
        write(far, {"a.mp4": b"a"})

        told = r"link\.mp4 is a symbolic link|no regular files.*link\.mp4"
        with pytest.raises(TransferFailed, match=told):
            self.fetch(transport, [Item("a.mp4", 1), Item("link.mp4", 4096)], far, here)

        assert "link.mp4" not in tree(here)

    def test_a_link_here_is_not_written_through(
        self, transport: Transport, here: Path, far: Path
    ) -> None:
        outside = here.parent / "outside.mp4"
        outside.write_text("mine")
        (here / "a.mp4").symlink_to(outside)
        items = write(far, {"a.mp4": b"theirs"})

        with pytest.raises(TransferRefused, match=r"a\.mp4 is a symbolic link"):
            self.fetch(transport, items, far, here)

        assert outside.read_text() == "mine"

    def test_a_linked_folder_here_is_not_entered(
        self, transport: Transport, here: Path, far: Path
    ) -> None:
        outside = here.parent / "outside"
        outside.mkdir()
        (here / "in").symlink_to(outside)
        items = write(far, {"in/a.mp4": b"theirs"})

        with pytest.raises(TransferRefused, match="in is a symbolic link"):
            self.fetch(transport, items, far, here)

        assert tree(outside) == {}

    # what goes wrong

    def test_a_source_that_is_gone_is_named(
        self, transport: Transport, here: Path, far: Path
    ) -> None:
        items = [*write(here, {"a.jpg": b"a"}), Item("b/gone.jpg", 5)]

        with pytest.raises(TransferFailed, match=r"b/gone\.jpg"):
            self.send(transport, items, here, far)

    def test_a_result_that_is_gone_is_named(
        self, transport: Transport, here: Path, far: Path
    ) -> None:
        items = [*write(far, {"a.mp4": b"a"}), Item("gone.mp4", 5)]

        with pytest.raises(TransferFailed, match=r"gone\.mp4"):
            self.fetch(transport, items, far, here)

    def test_a_file_larger_than_was_said_is_not_fetched_in_full(
        self, transport: Transport, here: Path, far: Path
    ) -> None:
        write(far, {"small.mp4": b"s" * 10, "large.mp4": bytes_of(2 * MEGA)})

        with pytest.raises(TransferFailed, match=r"larger than was said.*large\.mp4"):
            self.fetch(transport, [Item("small.mp4", 10), Item("large.mp4", 1000)], far, here)

        assert all(len(data) <= 1000 for data in tree(here).values())

    def test_one_large_file_does_not_make_room_for_another(
        self, transport: Transport, here: Path, far: Path
    ) -> None:
        files = {"honest.mp4": bytes_of(2 * MEGA), "large.mp4": bytes_of(2 * MEGA)}
        write(far, files)

        with pytest.raises(TransferFailed, match=r"larger than was said.*large\.mp4"):
            self.fetch(transport, [Item("honest.mp4", 2 * MEGA), Item("large.mp4", 9)], far, here)

        assert all(len(data) <= 9 for name, data in tree(here).items() if "large" in name)

    def test_it_can_be_closed_twice_and_used_between(
        self, transport: Transport, here: Path, far: Path
    ) -> None:
        items = write(here, {"a.jpg": b"a"})
        transport.close()

        self.send(transport, items, here, far)
        transport.close()
        transport.close()

        assert tree(far) == {"a.jpg": b"a"}
