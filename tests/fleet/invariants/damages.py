"""Ways to damage a small fleet, each with the one invariant that it breaks.

``a`` was published twice, ``b`` once, ``c`` ended without a clip; see ``small_fleet``.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from companions import codec
from companions.video_meta import ModelUsed, Verdict, VideoMeta
from fleet.checkpoint.folder import SUFFIX
from fleet.checkpoint.pieces import KeptFile, KeptPiece, PieceFolder
from fleet.invariants.listing import Invariant
from fleet.jobs.model import Stage
from fleet.jobs.retry import GiveUp
from tests.fleet.invariants.small_fleet import BROKEN, SmallFleet


@dataclass(frozen=True)
class Damage:
    """What is done to the fleet, what that breaks, and whether repair mends it."""

    act: Callable[[SmallFleet], None]
    breaks: Invariant
    mended: bool = False


def _sql(*statements: str) -> Callable[[SmallFleet], None]:
    return lambda fleet: fleet.damage(*statements)


def _left_behind(name: str, *, home: bool = False) -> Callable[[SmallFleet], None]:
    def act(fleet: SmallFleet) -> None:
        folder = fleet.home.root if home else fleet.stills
        (folder / name).write_bytes(b"half of it")

    return act


def _new_words(name: str, words: bytes) -> Callable[[SmallFleet], None]:
    def act(fleet: SmallFleet) -> None:
        assert fleet.target(name).meta.exists()
        fleet.target(name).meta.write_bytes(words)

    return act


def _without_words(name: str) -> Callable[[SmallFleet], None]:
    return lambda fleet: fleet.target(name).meta.unlink()


def _another_verdict(fleet: SmallFleet) -> None:
    meta = codec.read(fleet.target("c").meta, VideoMeta)
    other = meta.model_copy(update={"verdict": Verdict.QUARANTINED})
    codec.write(fleet.target("c").meta, other)


def _words_of_another(fleet: SmallFleet) -> None:
    fleet.target("b").meta.write_bytes(fleet.target("a").meta.read_bytes())


def _clip_gone(fleet: SmallFleet) -> None:
    fleet.target("b").clip.unlink()


def _clip_edited(fleet: SmallFleet) -> None:
    clip = fleet.target("b").clip
    clip.write_bytes(clip.read_bytes()[:-1] + b"!")


def _folder_for_a_clip(fleet: SmallFleet) -> None:
    fleet.target("b").clip.unlink()
    fleet.target("b").clip.mkdir()


def _clip_of_a_shot_without_one(fleet: SmallFleet) -> None:
    clip, meta = fleet.target("c").clip, fleet.target("c").meta
    made = codec.read(fleet.target("b").meta, VideoMeta).model_copy(update={"shot_id": "c-0"})
    codec.write(meta, made)
    clip.write_bytes(fleet.target("b").clip.read_bytes())


def _waiting_to_be_published(fleet: SmallFleet) -> None:
    fleet.submit("d")
    fleet.generate()
    fleet.finish()


def _staged_clip_gone(fleet: SmallFleet) -> None:
    _waiting_to_be_published(fleet)
    for clip in fleet.home.staging.iterdir():
        clip.unlink()


def _staged_clip_of_a_shot_that_ended_gone(fleet: SmallFleet) -> None:
    fleet.submit("i")
    fleet.generate()
    staged = fleet.finish()
    lease = fleet.lease(Stage.PUBLISH)
    assert (staged.shot.id, lease.shot.id) == ("i-0", "i-0")
    ledger = fleet.ledger()
    ledger.fail(lease, BROKEN, GiveUp(BROKEN), now=time.time())
    ledger.close()
    for clip in fleet.home.staging.glob("i-0.*"):
        clip.unlink()


def _staged_clip_torn(fleet: SmallFleet) -> None:
    _waiting_to_be_published(fleet)
    for clip in fleet.home.staging.iterdir():
        clip.write_bytes(clip.read_bytes()[:-1])


def _staged_clip_unknown(fleet: SmallFleet) -> None:
    (fleet.home.staging / "z-0.0123abcd.mp4").write_bytes(b"a clip whose record never came to be")


def _stranger_in_staging(fleet: SmallFleet) -> None:
    (fleet.home.staging / "holiday.mp4").write_bytes(b"a wedding")


def _kept_frames(fleet: SmallFleet, *, whole: bool) -> None:
    fleet.submit("e")
    fleet.generate()
    fleet.home.checkpoints.mkdir(exist_ok=True)
    path = fleet.home.checkpoints / f"e-0.0123abcd{SUFFIX}"
    ledger = fleet.ledger()
    with ledger.database.transaction(durable=True) as sql:
        sql.execute("INSERT INTO checkpoints VALUES ('e-0', ?, ?, 6, 1)", (str(path), "0" * 64))
    ledger.close()
    if whole:
        path.write_bytes(b"frames")


def _kept_frames_gone(fleet: SmallFleet) -> None:
    _kept_frames(fleet, whole=False)


def _kept_frames_damaged(fleet: SmallFleet) -> None:
    _kept_frames(fleet, whole=True)


def _kept_frames_unknown(fleet: SmallFleet) -> None:
    fleet.home.checkpoints.mkdir(exist_ok=True)
    (fleet.home.checkpoints / f"z-0.0123abcd{SUFFIX}").write_bytes(b"frames")


def _kept_pieces(fleet: SmallFleet, shot_id: str, frames: bytes) -> None:
    folder = PieceFolder(fleet.home.pieces, shot_id)
    folder.path.mkdir(parents=True)
    path = folder.new_file(0, tail=False, nonce="0123abcd")
    path.write_bytes(frames)
    kept = KeptFile(name=path.name, sha256=hashlib.sha256(b"frames").hexdigest(), frames=1)
    model = ModelUsed(name="m", revision="1", licence="MIT", weights_sha256={})
    folder.add(KeptPiece(number=0, final=kept, model=model), made_by="m")


def _kept_pieces_unneeded(fleet: SmallFleet) -> None:
    _kept_pieces(fleet, "b-0", b"frames")


def _kept_piece_damaged(fleet: SmallFleet) -> None:
    fleet.submit("j")
    _kept_pieces(fleet, "j-0", b"framez")


def _dead_dispatcher(fleet: SmallFleet) -> None:
    fleet.submit("f")
    fleet.lease(Stage.GENERATE)


def _two_on_their_way(fleet: SmallFleet) -> None:
    fleet.submit("g")
    fleet.submit("h", seed=1)
    fleet.damage(
        "UPDATE shots SET target = (SELECT target FROM shots WHERE id = 'g-0') WHERE id = 'h-1'"
    )


_EVENT = "INSERT INTO events (at, shot_id, stage, kind) VALUES"

DAMAGES: Mapping[str, Damage] = {
    "an event of a shot that never was": Damage(
        _sql(f"{_EVENT} (1, 'ghost', 'generate', 'leased')"), Invariant.LEDGER_WHOLE
    ),
    "a lane of a manifest that never was": Damage(
        _sql(
            "INSERT INTO lanes (manifest_id, priority, generator, interpolator)"
            " VALUES ('ghost', 0, 'camera', 'flow')"
        ),
        Invariant.LEDGER_WHOLE,
    ),
    "a verdict taken back": Damage(
        _sql("UPDATE shots SET verdict = NULL, finished_at = NULL WHERE id = 'b-0'"),
        Invariant.ONE_END,
    ),
    "an end at no time": Damage(
        _sql("UPDATE shots SET finished_at = NULL WHERE id = 'b-0'"), Invariant.ONE_END
    ),
    "a stage where no route leads": Damage(
        _sql(
            "UPDATE jobs SET state = 'cancelled' WHERE shot_id = 'c-0' AND stage = 'generate'",
            f"{_EVENT} (1, 'c-0', 'generate', 'cancelled')",
        ),
        Invariant.JOBS_AGREE,
    ),
    "a stage missing": Damage(
        _sql("DELETE FROM jobs WHERE shot_id = 'b-0' AND stage = 'finish'"), Invariant.JOBS_AGREE
    ),
    "a rank that is not the priority's": Damage(
        _sql("UPDATE jobs SET rank = 7 WHERE shot_id = 'b-0' AND stage = 'finish'"),
        Invariant.JOBS_FOUND,
    ),
    "an event erased": Damage(
        _sql("DELETE FROM events WHERE shot_id = 'b-0' AND stage = 'finish' AND kind = 'ready'"),
        Invariant.EVENTS_TELL,
    ),
    "an event that leads on": Damage(
        _sql(f"{_EVENT} (1, 'b-0', 'finish', 'cancelled')"), Invariant.EVENTS_TELL
    ),
    "an attempt erased": Damage(
        _sql("DELETE FROM attempts WHERE shot_id = 'b-0' AND stage = 'finish'"),
        Invariant.ATTEMPTS_COUNTED,
    ),
    "a second success": Damage(
        _sql(
            "UPDATE attempts SET outcome = 'succeeded' WHERE shot_id = 'c-0' AND stage = 'generate'"
        ),
        Invariant.ATTEMPTS_COUNTED,
    ),
    "a number skipped": Damage(
        _sql("UPDATE attempts SET number = 7 WHERE shot_id = 'b-0' AND stage = 'finish'"),
        Invariant.ATTEMPTS_COUNTED,
    ),
    "a token on a job that is over": Damage(
        _sql("UPDATE jobs SET lease_token = 'x' WHERE shot_id = 'b-0' AND stage = 'finish'"),
        Invariant.LEASES_HELD,
    ),
    "an attempt that runs without a lease": Damage(
        _sql(
            "UPDATE attempts SET outcome = 'running', ended_at = NULL"
            " WHERE shot_id = 'c-0' AND stage = 'generate'"
        ),
        Invariant.LEASES_HELD,
        mended=True,
    ),
    "leases of a dead dispatcher": Damage(_dead_dispatcher, Invariant.LEASES_HELD, mended=True),
    "a wrong count": Damage(
        _sql("UPDATE tallies SET count = count + 1 WHERE stage = 'finish'"),
        Invariant.TALLIES_TRUE,
        mended=True,
    ),
    "two shots on their way to one place": Damage(_two_on_their_way, Invariant.ONE_A_PLACE),
    "a clip that is not on record": Damage(
        _sql("DELETE FROM published WHERE shot_id = 'b-0'"), Invariant.ONE_A_PLACE
    ),
    "a record of another place's shot": Damage(
        _sql("UPDATE published SET shot_id = 'b-0' WHERE shot_id = 'a-0'"), Invariant.ONE_A_PLACE
    ),
    "a clip gone": Damage(_clip_gone, Invariant.CLIPS_STAND, mended=True),
    "a clip edited": Damage(_clip_edited, Invariant.CLIPS_STAND),
    "a folder where a clip was": Damage(_folder_for_a_clip, Invariant.CLIPS_STAND),
    "a clip of a shot that ended without one": Damage(
        _clip_of_a_shot_without_one, Invariant.CLIPS_STAND
    ),
    "a meta gone": Damage(_without_words("b"), Invariant.METAS_TELL, mended=True),
    "a meta torn": Damage(_new_words("b", b"{"), Invariant.METAS_TELL, mended=True),
    "a meta of another shot": Damage(_words_of_another, Invariant.METAS_TELL, mended=True),
    "a reason gone": Damage(_without_words("c"), Invariant.METAS_TELL, mended=True),
    "a meta with another verdict": Damage(_another_verdict, Invariant.METAS_TELL, mended=True),
    "a verdict that the meta does not tell": Damage(
        _sql("UPDATE shots SET verdict = 'quarantined' WHERE id = 'c-0'"),
        Invariant.METAS_TELL,
        mended=True,
    ),
    "a staged clip gone": Damage(_staged_clip_gone, Invariant.STAGING_EXACT, mended=True),
    "a staged clip of a shot that ended gone": Damage(
        _staged_clip_of_a_shot_that_ended_gone, Invariant.STAGING_EXACT, mended=True
    ),
    "a staged clip torn": Damage(_staged_clip_torn, Invariant.STAGING_EXACT, mended=True),
    "a staged clip of nobody": Damage(_staged_clip_unknown, Invariant.STAGING_EXACT, mended=True),
    "a stranger in staging": Damage(_stranger_in_staging, Invariant.STAGING_EXACT),
    "kept frames gone": Damage(_kept_frames_gone, Invariant.CHECKPOINTS_EXACT, mended=True),
    "kept frames damaged": Damage(_kept_frames_damaged, Invariant.CHECKPOINTS_EXACT, mended=True),
    "kept frames of nobody": Damage(_kept_frames_unknown, Invariant.CHECKPOINTS_EXACT, mended=True),
    "pieces of a shot that has ended": Damage(
        _kept_pieces_unneeded, Invariant.CHECKPOINTS_EXACT, mended=True
    ),
    "a kept piece damaged": Damage(_kept_piece_damaged, Invariant.CHECKPOINTS_EXACT, mended=True),
    "half a clip beside a picture": Damage(
        _left_behind(".motionfleet-b-0-clip.tmp"), Invariant.NOTHING_LEFT, mended=True
    ),
    "half a file in the home": Damage(
        _left_behind(".motionfleet-0011223344556677.tmp", home=True),
        Invariant.NOTHING_LEFT,
        mended=True,
    ),
}
