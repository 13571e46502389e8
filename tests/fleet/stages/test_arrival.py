"""Products on their way into staging: whole, and what the worker measured."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from companions.errors import FileUnwritable
from companions.timing import parse_rate
from companions.video_manifest import Codec, Master
from companions.video_meta import (
    ClipFacts,
    FrameFacts,
    FramingUsed,
    MasterFacts,
    ModelUsed,
    Verdict,
)
from fleet.encode.credentials import CredentialState, verify
from fleet.encode.errors import CredentialsRefused
from fleet.encode.marking import SourceType, mark, read_marking
from fleet.encode.signer import Signer
from fleet.errors import BackendFailed
from fleet.ledger.rows import Artifact
from fleet.settings import Settings
from fleet.stages.arrival import Arrival, has_its_master, masters_of, signer_of, staged_master
from fleet.stages.base import FinishReport, MasterPiece
from tests.fleet.encode.certificates import written
from tests.fleet.encode.clips import clip_at
from tests.fleet.making import MOVE

CLIP = b"a clip"
PIECES = (b"a master, " * 1000, b"and the rest of it")
MODEL = ModelUsed(name="camera", revision="1", licence="Apache-2.0")


def report(*, master: bytes | None = None, clip: bytes = CLIP) -> FinishReport:
    return FinishReport(
        framing=FramingUsed(start_rect=MOVE.start_rect, end_rect=MOVE.end_rect, grown=False),
        frames=FrameFacts(generated=2, generator_fps=parse_rate(12), interpolator="none",
                          interpolated=0),
        clip=ClipFacts(
            file="a.mp4", sha256=hashlib.sha256(clip).hexdigest(), size_bytes=len(clip),
            frames=2, fps=parse_rate(24), duration_sec=0.1, width=2, height=2, codec=Codec.H264,
            encoder="libx264",
        ),
        master=None if master is None else MasterFacts(
            file="a.master.mkv", sha256=hashlib.sha256(master).hexdigest(),
            size_bytes=len(master), frames=2, master=Master.FFV1,
        ),
        checks=(),
        verdict=Verdict.PASS,
    )  # fmt: skip


def arrived(
    folder: Path, items: list[MasterPiece | FinishReport | bytes], signer: Signer | None = None
) -> tuple[Artifact, FinishReport]:
    with Arrival(folder, "s") as arrival:
        for item in items:
            arrival.take(item)
        return arrival.settle(signer=signer, model=MODEL)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_clip_and_its_master_arrive_whole_and_the_record_says_so(tmp_path: Path) -> None:
    folder, told = tmp_path / "staging", report(master=b"".join(PIECES))
    with Arrival(folder, "s.0123abcd") as arrival:
        for piece in PIECES:
            arrival.take(MasterPiece(piece))
        arrival.take(told)
        arrival.take(CLIP)
        artifact, done = arrival.settle(signer=None, model=MODEL)

    clip = Path(artifact.path)
    assert (clip.name, clip.read_bytes(), artifact.size_bytes) == (
        "s.0123abcd.mp4",
        CLIP,
        len(CLIP),
    )
    assert staged_master(clip, Master.FFV1).read_bytes() == b"".join(PIECES)
    assert done == told
    assert names_in(folder) == ["s.0123abcd.master.mkv", "s.0123abcd.mp4"]


def test_settling_again_is_harmless(tmp_path: Path) -> None:
    with Arrival(tmp_path, "s") as arrival:
        arrival.take(MasterPiece(PIECES[0]))
        arrival.take(report(master=PIECES[0]))
        arrival.take(CLIP)
        first = arrival.settle(signer=None, model=MODEL)
        assert arrival.settle(signer=None, model=MODEL) == first

    assert names_in(tmp_path) == ["s.master.mkv", "s.mp4"]


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([MasterPiece(PIECES[0])], "ended without a clip"),
        ([report()], "ended without a clip"),
        ([report(clip=b"another"), CLIP], "the clip changed"),
        ([MasterPiece(PIECES[0]), report(master=b"another"), CLIP], "the master changed"),
        ([report(master=b"another"), CLIP], "the master changed"),
    ],
)
def test_what_is_not_all_of_what_was_measured_leaves_nothing(
    items: list[MasterPiece | FinishReport | bytes], said: str, tmp_path: Path
) -> None:
    with pytest.raises(BackendFailed, match=said):
        arrived(tmp_path, items)

    assert names_in(tmp_path) == []


def test_an_attempt_that_ends_under_way_leaves_no_piece(tmp_path: Path) -> None:
    with Arrival(tmp_path, "s") as arrival:
        arrival.take(MasterPiece(PIECES[0]))
        assert len(names_in(tmp_path)) == 1

    assert names_in(tmp_path) == []


def test_a_place_that_cannot_be_written_is_told_and_can_be_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "staging"
    folder.write_bytes(b"a file where the folder should be")
    with Arrival(folder, "s") as arrival:
        with pytest.raises(FileUnwritable):
            arrival.take(MasterPiece(PIECES[0]))
        folder.unlink()
        arrival.take(MasterPiece(PIECES[0]))
        arrival.take(report(master=PIECES[0]))
        arrival.take(CLIP)
        artifact, _ = arrival.settle(signer=None, model=MODEL)

    assert staged_master(Path(artifact.path), Master.FFV1).read_bytes() == PIECES[0]


def test_a_staged_clip_without_the_master_its_report_tells_of_is_not_whole(tmp_path: Path) -> None:
    clip, told = tmp_path / "s.0123abcd.mp4", report(master=PIECES[0])
    path = staged_master(clip, Master.FFV1)

    assert has_its_master(clip, report())
    assert not has_its_master(clip, told)
    path.write_bytes(PIECES[0][:-1])
    assert not has_its_master(clip, told)
    path.write_bytes(PIECES[0])
    assert has_its_master(clip, told)
    assert path in set(masters_of([clip]))


def test_a_clip_is_signed_on_arrival_and_what_is_recorded_is_of_the_signed_file(
    tmp_path: Path,
) -> None:
    keys = written(tmp_path)
    settings = Settings(credentials_certificate=keys.certificate, credentials_key=keys.key)
    marked = clip_at(tmp_path / "clip.mp4")
    mark(marked, SourceType.COMPOSITE_CAPTURE)
    unsigned = marked.read_bytes()

    artifact, done = arrived(
        tmp_path / "staging", [report(clip=unsigned), unsigned], signer_of(settings)
    )

    clip = Path(artifact.path)
    found = verify(clip)
    assert (found.state, found.source_type) == (
        CredentialState.VALID,
        SourceType.COMPOSITE_CAPTURE,
    )
    assert done.clip.credentials == found.facts
    assert done.clip.sha256 == artifact.sha256 == hashlib.sha256(clip.read_bytes()).hexdigest()
    assert done.clip.size_bytes == artifact.size_bytes == clip.stat().st_size > len(unsigned)
    assert read_marking(clip) is SourceType.COMPOSITE_CAPTURE


def test_a_clip_that_cannot_be_signed_leaves_nothing_in_staging(tmp_path: Path) -> None:
    keys = written(tmp_path)
    settings = Settings(credentials_certificate=keys.certificate, credentials_key=keys.key)

    with pytest.raises(BackendFailed):
        arrived(tmp_path / "staging", [report(), CLIP], signer_of(settings))

    assert names_in(tmp_path / "staging") == []


def test_settings_that_name_half_of_a_key_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CredentialsRefused, match="credentials_key"):
        signer_of(Settings(credentials_certificate=written(tmp_path).certificate))
    assert signer_of(Settings()) is None
