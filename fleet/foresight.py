"""What the ledger knows that a plan needs: what is queued already, and how long things took.

Asked by ``fleet plan``.  Reads only; what it foresees is decided by ``jobs.plan``.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from companions.timing import clip_frames, parse_rate
from companions.video_manifest import Recipe
from fleet.cluster.pools import (
    frames_budget_bytes,
    object_store_bytes,
    pool_sizes,
    this_machine,
)
from fleet.jobs.budget import BYTES_PER_PIXEL
from fleet.jobs.model import POOL_OF, JobState, Pool, Stage
from fleet.jobs.plan import Plan, plan
from fleet.jobs.scenario import Group, Site
from fleet.jobs.times import Sample, Times
from fleet.ledger import nodes
from fleet.ledger.database import Database
from fleet.ledger.rows import NewShot
from fleet.ledger.submission import worth_reopening
from fleet.settings import Home, Settings

LOOKED_AT: Final = 3000
"""Attempts that times are learnt from: the newest, of all stages."""
START_S: Final = 5.0
"""Until an embedded cluster has its first worker; see the figures of ``make bench``."""
HANDLING_S: Final = 0.0015
"""The dispatcher's own time for a job; likewise."""
AT_WORK_ALREADY: Final = 1_000_000
"""Priority of what a worker holds now: it needs none to be chosen again."""

_SHAPE: Final = """
    json_extract(s.recipe, '$.generation_params.width'),
    json_extract(s.recipe, '$.generation_params.height'),
    json_extract(s.recipe, '$.generation_params.num_frames'),
    json_extract(s.recipe, '$.generation_params.fps'),
    json_extract(s.recipe, '$.motion.duration_sec'),
    json_extract(s.recipe, '$.interpolation.target_fps')"""
_OPEN: Final = f"""
SELECT s.id, s.manifest_id, s.priority, j.stage, j.state, l.generator, l.interpolator, l.held,
    m.project_id, a.started_at, json_array({_SHAPE}) AS shape
FROM jobs j JOIN shots s ON s.id = j.shot_id JOIN lanes l ON l.id = j.lane
JOIN manifests m ON m.id = s.manifest_id LEFT JOIN attempts a ON a.token = j.lease_token
WHERE j.state IN ('{JobState.QUEUED}', '{JobState.LEASED}') AND s.verdict IS NULL ORDER BY s.seq"""  # noqa: S608  (constants)
_MEASURED: Final = f"""
SELECT a.stage, a.worker, coalesce(a.seconds, a.ended_at - a.started_at) AS seconds,
    l.generator, l.interpolator, json_array({_SHAPE}) AS shape
FROM attempts a JOIN shots s ON s.id = a.shot_id
JOIN jobs j ON j.shot_id = a.shot_id AND j.stage = a.stage JOIN lanes l ON l.id = j.lane
WHERE a.outcome = 'succeeded' ORDER BY a.id DESC LIMIT {LOOKED_AT}"""  # noqa: S608  (constants)


@dataclass(frozen=True, slots=True)
class Asked:
    """One manifest that a plan is asked for: its file, its id, and its shots as submitted."""

    file: str
    manifest_id: str
    shots: Sequence[NewShot]


@dataclass(frozen=True, slots=True)
class Assumed:
    """What an operator tells instead of having it measured or counted.

    Attributes:
        times_s: seconds of a stage, for every shot.
        load_s: seconds to load a generator.
        workers: how many each pool has.
        per_hour: what an hour of one worker costs.
    """

    times_s: Mapping[Stage, float]
    load_s: float | None
    workers: Mapping[Pool, int]
    per_hour: Mapping[Pool, float]


@dataclass(frozen=True, slots=True)
class Foresight:
    """What is foreseen for the manifests asked for.

    Attributes:
        plan: None if there is nothing left to make.
        ends_s: for each file, seconds until its last clip is published; 0 if all are.
        site: where it was assumed to happen.
        sources: where the time of each stage and model comes from, in words.
        others: shots of other submissions that are under way or queued.
        paused: of all these, how many are held or paused; planned as if they were not, if they
            are asked for, and left out if not.
        cluster: whether the pools are those of a cluster that is up.
    """

    plan: Plan | None
    ends_s: Mapping[str, float]
    site: Site
    sources: Mapping[str, str]
    others: int
    paused: int
    cluster: bool


@dataclass(frozen=True, slots=True)
class _Shape:
    """What decides how long a shot takes."""

    generate_work: float
    finish_work: float
    frames_bytes: int

    def work(self, stage: Stage) -> float:
        return {Stage.GENERATE: self.generate_work, Stage.FINISH: self.finish_work}.get(stage, 0.0)


@dataclass(frozen=True, slots=True)
class _Like:
    """Shots that a plan cannot tell apart; ``file`` is empty for those not asked for."""

    file: str
    manifest_id: str
    priority: int
    generator: str
    interpolator: str
    stage: Stage
    shape: _Shape
    elapsed_s: float = 0.0


def foresee(
    asked: Sequence[Asked], *, home: Home, settings: Settings, assumed: Assumed, now: float
) -> Foresight:
    """What becomes of the manifests ``asked`` for, if they are submitted at ``now`` (epoch).

    Raises:
        TimesUnknown: how long a stage takes was neither measured here nor told.
        LedgerUnusable: the ledger cannot be read.
    """
    database = Database(home.ledger)
    try:
        measured = list(_measured(database))
        counted, others, paused = _counted(database, asked, now=now)
        slots = _node_slots(database) if home.cluster.is_file() else {}
    finally:
        database.close()
    times = Times(measured, declared_s=assumed.times_s, declared_load_s=assumed.load_s)
    site = _site(settings, slots, assumed, times)
    groups, sources = [], {}
    for like, count in counted.items():
        groups.append(_group(like, count, times))
        for stage in groups[-1].times:
            model = groups[-1].model(stage)
            name = f"{stage.value} {model}".strip()
            sources[name] = times.source(stage, model)
    found = None
    if any(group.awaited for group in groups):
        found = plan(groups, site, per_hour=assumed.per_hour or None)
    ends_s = {each.file: 0.0 for each in asked}
    for place, like in enumerate(counted):
        if found is not None and like.file:
            ends_s[like.file] = max(ends_s[like.file], found.forecast.group_ends_s[place])
    return Foresight(
        plan=found, ends_s=ends_s, site=site, sources=sources, others=others, paused=paused,
        cluster=bool(slots),
    )  # fmt: skip


def _group(like: _Like, count: int, times: Times) -> Group:
    models = {Stage.GENERATE: like.generator, Stage.FINISH: like.interpolator}
    route = list(Stage)
    ahead = route[route.index(like.stage) :]
    seconds = {
        stage: times.seconds(stage, models.get(stage, ""), like.shape.work(stage))
        for stage in ahead
    }
    at_work = like.elapsed_s > 0.0
    seconds[like.stage] = max(0.0, seconds[like.stage] - like.elapsed_s)
    return Group(
        manifest_id=like.manifest_id,
        count=count,
        times=dict(seconds),
        priority=AT_WORK_ALREADY if at_work else like.priority,
        generator=like.generator,
        interpolator=like.interpolator,
        frames_bytes=like.shape.frames_bytes,
        begins=like.stage,
        awaited=bool(like.file),
    )


def _site(settings: Settings, slots: Mapping[Pool, int], assumed: Assumed, times: Times) -> Site:
    machine = this_machine()
    limits = {
        Pool.GENERATION: settings.generation_limit,
        Pool.INTERPOLATION: settings.interpolation_limit,
    }
    counted = {
        pool: min(count, limits[pool] or count)
        for pool, count in (slots or pool_sizes(machine, settings)).items()
    }
    return Site(
        workers={**counted, **assumed.workers},
        load_s={pool: times.load_s(stage) for stage, pool in POOL_OF.items()},
        start_s=0.0 if slots else START_S,
        handling_s=HANDLING_S,
        frames_budget=frames_budget_bytes(object_store_bytes(machine, settings)),
        patience_s=settings.affinity_s,
    )


def _counted(
    database: Database, asked: Sequence[Asked], *, now: float
) -> tuple[Mapping[_Like, int], int, int]:
    """What is under way, queued, and asked for, in that order; how many of them are others', and
    how many are held or paused."""
    file_of = {shot.id: each.file for each in reversed(asked) for shot in each.shots}
    pauses = {(row["scope"], row["name"]) for row in database.rows("SELECT * FROM pauses")}
    leased: dict[_Like, int] = {}
    queued: dict[_Like, int] = {}
    seen: set[str] = set()
    others = paused = 0
    for row in database.rows(_OPEN):
        seen.add(row["id"])
        file = file_of.get(row["id"], "")
        if _is_paused(row, pauses):
            paused += 1
            if not file:
                continue
        others += not file
        begun = row["started_at"]
        like = _Like(
            file=file,
            manifest_id=row["manifest_id"],
            priority=row["priority"],
            generator=row["generator"],
            interpolator=row["interpolator"],
            stage=Stage(row["stage"]),
            shape=_shape(row["shape"]),
            elapsed_s=max(1e-3, now - begun) if begun is not None else 0.0,
        )
        into = queued if begun is None else leased
        into[like] = into.get(like, 0) + 1
    for each in asked:
        for shot in each.shots:
            if shot.id not in seen and _would_be_made(database, shot):
                seen.add(shot.id)
                like = _new(each, shot)
                queued[like] = queued.get(like, 0) + 1
    return leased | queued, others, paused


def _new(each: Asked, shot: NewShot) -> _Like:
    return _Like(
        file=each.file,
        manifest_id=each.manifest_id,
        priority=shot.priority,
        generator=shot.recipe.generation_params.model,
        interpolator=shot.recipe.interpolation.interpolator,
        stage=Stage.GENERATE,
        shape=_shape_of(shot.recipe),
    )


def _would_be_made(database: Database, shot: NewShot) -> bool:
    rows = database.rows("SELECT verdict, curable, finished_at FROM shots WHERE id = ?", (shot.id,))
    return shot.fault is None and (not rows or worth_reopening(rows[0], shot))


def _is_paused(row: sqlite3.Row, pauses: set[tuple[str, str]]) -> bool:
    scopes = {("all", ""), ("project", row["project_id"]), ("manifest", row["manifest_id"])}
    return row["state"] == JobState.QUEUED and (bool(row["held"]) or bool(scopes & pauses))


def _measured(database: Database) -> Iterator[Sample]:
    """Attempts that succeeded, newest first.

    A worker's first attempt with a model, and one after another model's, had to load it.  Of
    workers that were at work before the oldest row that is looked at, the first is not known.
    """
    rows = database.rows(_MEASURED)
    models = [_model(row) for row in rows]
    earlier: dict[str, str | None] = {}
    loaded = [False] * len(rows)
    for place in reversed(range(len(rows))):
        worker = rows[place]["worker"]
        if not worker or Stage(rows[place]["stage"]) not in POOL_OF:
            continue
        before = earlier.get(worker, models[place] if len(rows) == LOOKED_AT else None)
        loaded[place] = before != models[place]
        earlier[worker] = models[place]
    for row, model, first in zip(rows, models, loaded, strict=True):
        stage = Stage(row["stage"])
        work = _shape(row["shape"]).work(stage)
        yield Sample(stage, model, work, max(0.0, row["seconds"]), loaded=first)


def _model(row: sqlite3.Row) -> str:
    named = {Stage.GENERATE: row["generator"], Stage.FINISH: row["interpolator"]}
    return str(named.get(Stage(row["stage"]), ""))


def _node_slots(database: Database) -> Mapping[Pool, int]:
    """Workers of the nodes that take jobs; empty if there are none."""
    usable = [node for node in nodes.listing(database) if node.usable]
    slots = {
        Pool.GENERATION: sum(node.generation for node in usable),
        Pool.INTERPOLATION: sum(node.interpolation for node in usable),
    }
    return slots if all(slots.values()) else {}


def _shape_of(recipe: Recipe) -> _Shape:
    params = recipe.generation_params
    return _sized(
        params.width, params.height, params.num_frames, params.fps,
        recipe.motion.duration_sec, recipe.interpolation.target_fps,
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _shape(text: str) -> _Shape:
    return _sized(*json.loads(text))


def _sized(
    width: int, height: int, num_frames: int | None, fps: object, duration_s: float, target: object
) -> _Shape:
    pixels = width * height
    generated = num_frames or math.ceil(duration_s * parse_rate(fps)) + 1
    shown = clip_frames(duration_s=duration_s, target_fps=parse_rate(target))
    return _Shape(
        generate_work=generated * pixels / 1e6,
        finish_work=shown * pixels / 1e6,
        frames_bytes=generated * pixels * BYTES_PER_PIXEL,
    )
