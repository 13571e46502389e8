"""``fleet plan``: when a manifest will be done and what it will cost, before it is submitted."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from fleet.cli.output import Column, Output
from fleet.jobs.model import POOL_OF, Pool, Stage

if TYPE_CHECKING:  # heavy: imported when a command runs
    from fleet.foresight import Foresight

EXAMPLE: Final = "Example: fleet plan stills/day1.video_manifest.json --deadline 07:00"

_K = TypeVar("_K")
_POOLS: Final = {"gen": Pool.GENERATION, "interp": Pool.INTERPOLATION} | {
    pool.value: pool for pool in Pool
}

Manifests = Annotated[
    list[Path],
    typer.Argument(help="Manifests to plan for (.video_manifest.json).", show_default=False),
]


def plan(
    manifests: Manifests,
    *,
    out: Annotated[
        Path | None, typer.Option(help="Where clips would be published, if not beside pictures.")
    ] = None,
    deadline: Annotated[
        str | None,
        typer.Option(
            help="Will it be done by then? A local time (07:00, the next one) or an ISO date.",
            metavar="TIME",
        ),
    ] = None,
    price: Annotated[
        str | None,
        typer.Option(help="What an hour of one worker costs.", metavar="gen=0.79,interp=0.34"),
    ] = None,
    times: Annotated[
        list[str] | None,
        typer.Option(
            "--time",
            help="Seconds a shot takes at a stage, instead of what was measured. Repeatable.",
            metavar="STAGE=SECONDS",
        ),
    ] = None,
    load: Annotated[
        float | None,
        typer.Option(min=0.0, help="Seconds a worker takes to load a generator, likewise."),
    ] = None,
    pools: Annotated[
        str | None,
        typer.Option(
            help="Plan for so many workers, instead of those there are.", metavar="gen=2,interp=1"
        ),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Foresee when MANIFESTS would be done, what they would cost, and what holds them up.

    What is queued already competes. Queues nothing.
    """
    now = time.time()
    due = None if deadline is None else _deadline(deadline, now=now)
    told_s = _pairs(",".join(times or ()), {stage.value: stage for stage in Stage}, option="--time")
    per_hour = _pairs(price or "", _POOLS, option="--price")
    counts = _pairs(pools or "", _POOLS, option="--pools")
    if any(count != int(count) or not 1 <= count <= 100_000 for count in counts.values()):
        raise typer.BadParameter("workers are counted: gen=2,interp=1", param_hint="--pools")

    from fleet import client
    from fleet.foresight import Asked, Assumed, foresee
    from fleet.settings import find_home, load_settings
    from fleet.weights.shelf import Shelf

    output, home = Output(), find_home()
    settings = load_settings(home)
    shelf = Shelf(home.models, settings.weights, settings.loras)
    submissions = [
        client.read_submission(path, out=out, home=home, shelf=shelf) for path in manifests
    ]
    flat = dict.fromkeys(Pool, settings.rate_per_hour) if settings.rate_per_hour else {}
    found = foresee(
        [
            Asked(str(path), submission.manifest.id, [shot.row for shot in submission.shots])
            for path, submission in zip(manifests, submissions, strict=True)
        ],
        home=home,
        settings=settings,
        assumed=Assumed(
            times_s=told_s,
            load_s=load,
            workers={pool: int(count) for pool, count in counts.items()},
            per_hour=per_hour or flat,
        ),
        now=now,
    )
    if json_:
        output.json(_as_json(found, now=now, due=due, currency=settings.currency))
        return
    lines = _lines(found, now=now, due=due, currency=settings.currency)
    output.table([Column("What"), Column("Foreseen", fold=True)], lines)
    for name, source in found.sources.items():
        output.note(f"time of {name}: {source}")
    if found.paused:
        output.note(f"{found.paused} shots are held or paused; see fleet status")


def _lines(
    found: Foresight, *, now: float, due: float | None, currency: str
) -> Sequence[Sequence[str]]:
    plan = found.plan
    if plan is None:
        return [["shots", "none is left to make"]]
    forecast = plan.forecast
    shots = f"{plan.clips}, beside {found.others} of others" if found.others else f"{plan.clips}"
    lines = [
        ["shots", shots],
        ["workers", _workers(found.site.workers)],
        ["takes", _span(forecast.makespan_s)],
        ["done", _moment(now + forecast.makespan_s)],
    ]
    if len(found.ends_s) > 1:
        lines += [[f"done, {file}", _moment(now + end_s)] for file, end_s in found.ends_s.items()]
    if due is not None:
        spare_s = due - now - forecast.makespan_s
        said = f"yes, {_span(spare_s)} before" if spare_s >= 0 else f"no, {_span(-spare_s)} late"
        lines.append([f"by {_moment(due)}", said])
    if plan.cost is not None and plan.cost_per_clip is not None:
        lines += [["cost in all", f"{plan.cost:.2f} {currency}"],
                  ["cost per clip", f"{plan.cost_per_clip:.4f} {currency}"]]  # fmt: skip
    busy = ", ".join(
        f"{pool.value} {forecast.utilisation(stage):.0%}" for stage, pool in POOL_OF.items()
    )
    lines += [["bottleneck", plan.bottleneck], ["at work", busy]]
    better = plan.better
    if better is None:
        lines.append(["better split", "none of as many workers"])
    else:
        sooner_s = forecast.makespan_s - better.makespan_s
        lines.append(["better split", f"{_workers(better.workers)}: {_span(sooner_s)} sooner"])
    return lines


def _as_json(
    found: Foresight, *, now: float, due: float | None, currency: str
) -> Mapping[str, object]:
    plan = found.plan
    told: dict[str, object] = {
        "shots": plan.clips if plan else 0,
        "others": found.others,
        "paused": found.paused,
        "cluster": found.cluster,
        "workers": {pool.value: count for pool, count in found.site.workers.items()},
        "times": dict(found.sources),
        "manifests": [
            {"file": file, "seconds": end_s, "done_at": _iso(now + end_s)}
            for file, end_s in found.ends_s.items()
        ],
    }
    span_s = plan.forecast.makespan_s if plan else 0.0
    told |= {"seconds": span_s, "done_at": _iso(now + span_s)}
    if due is not None:
        spare_s = due - now - span_s
        told["deadline"] = {"at": _iso(due), "met": spare_s >= 0, "spare_seconds": spare_s}
    if plan is None:
        return told
    if plan.cost is not None:
        told["cost"] = {"all": plan.cost, "per_clip": plan.cost_per_clip, "currency": currency}
    told["bottleneck"] = plan.bottleneck
    told["at_work"] = {stage.value: plan.forecast.utilisation(stage) for stage in Stage}
    told["models_loaded"] = {stage.value: plan.forecast.loads[stage] for stage in POOL_OF}
    told["better_split"] = plan.better and {
        "workers": {pool.value: count for pool, count in plan.better.workers.items()},
        "seconds": plan.better.makespan_s,
    }
    return told


def _pairs(text: str, names: Mapping[str, _K], *, option: str) -> dict[_K, float]:
    """``name=number,name=number``.

    Raises:
        typer.BadParameter: it is something else.
    """
    found: dict[_K, float] = {}
    for part in filter(None, text.split(",")):
        name, _, number = (word.strip() for word in part.partition("="))
        if name not in names:
            known = ", ".join(names)
            raise typer.BadParameter(f"{name!r} is none of {known}", param_hint=option)
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not 0.0 <= value < math.inf:
            raise typer.BadParameter(f"{number!r} is no number for {name}", param_hint=option)
        found[names[name]] = value
    return found


def _deadline(text: str, *, now: float) -> float:
    """The next time a local clock shows ``text``, or the moment an ISO date names.

    Raises:
        typer.BadParameter: it is neither.
    """
    today = datetime.fromtimestamp(now).astimezone()
    try:
        clock = datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007  (a time of day, local)
    except ValueError:
        pass
    else:
        # Through local dates, not by adding 24 hours: some days have 23 or 25.
        for ahead in (0, 1):
            day = (today + timedelta(days=ahead)).date()
            moment = datetime.combine(day, clock).astimezone()
            if moment.timestamp() > now:
                return moment.timestamp()
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is neither a time such as 07:00 nor a date such as 2026-12-24T07:00",
            param_hint="--deadline",
        ) from None


def _workers(workers: Mapping[Pool, int]) -> str:
    return " + ".join(f"{count} {pool.value}" for pool, count in workers.items())


def _span(seconds: float) -> str:
    """A duration as people say it, to its two largest units."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%a %Y-%m-%d %H:%M")


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="seconds")
