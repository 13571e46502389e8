"""What a person sees while files travel."""

from __future__ import annotations

from fleet.cli.transfer import line
from fleet.sync.desk.progress import Told


def test_a_line_says_files_bytes_rate_and_time_left() -> None:
    told = Told("sending", "shoot/day1.video_manifest.json", 3, 10, 25_000_000, 100_000_000)

    assert line(told, elapsed_s=5.0) == (
        "sending shoot/day1.video_manifest.json: 3 of 10 files, 25.0 of 100.0 MB, 5.0 MB/s, "
        "15 s left"
    )


def test_nothing_yet_is_no_rate() -> None:
    told = Told("fetching", "shoot", 0, 10, 0, 100_000_000)

    assert "0.0 MB/s" in line(told, elapsed_s=0.0)
