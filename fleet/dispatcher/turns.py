"""Whose turn it is: the scheduling policy, asked with what ledger and crew say now."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from fleet.attempt import Attempts
from fleet.dispatcher.crew import Crew, Hand
from fleet.jobs.budget import admits, frames_bytes
from fleet.jobs.model import POOL_OF, Pool, Stage
from fleet.jobs.policy import Choice, Lane, Shares, choose
from fleet.ledger import reading
from fleet.ledger.lanes import open_lanes, peek
from fleet.ledger.ledger import Ledger
from fleet.ledger.rows import Lease

AHEAD: Final = 16
"""Shots under way for each worker of both pools together: however small they are, each costs the
dispatcher some memory until it is finished."""
_FIRST_GUESS_S: Final = 1.0
_NEWEST: Final = 0.2
"""Weight of the newest duration in the running mean that fairness charges."""


class Turns:
    """Chooses and leases, one job at a time."""

    def __init__(self, *, patience_s: float, limits: Mapping[Pool, int | None]) -> None:
        self._patience_s, self._limits = patience_s, limits
        self._shares = {stage: Shares() for stage in POOL_OF}
        self._seconds: dict[tuple[Stage, str], float] = {}

    def next(
        self, stage: Stage, ledger: Ledger, crew: Crew, attempts: Attempts
    ) -> tuple[Lease, Hand] | None:
        """Lease the job whose turn it is for the worker that suits it; None if there is none."""
        pool, shares = POOL_OF[stage], self._shares[stage]
        if not self.may_start(pool, crew):
            return None
        seats = crew.idle(pool)
        lanes = open_lanes(ledger.database, stage, now=time.time())
        shares.meet(lane.manifest_id for lane in lanes)
        elsewhere = crew.manned_nodes(pool) > 1
        while True:
            choice = choose(lanes, seats, shares, patience_s=self._patience_s)
            if choice is None:
                return None
            if stage is Stage.GENERATE and not self._has_room(choice, ledger, attempts, crew):
                return None
            lease = ledger.lease(
                stage,
                now=time.time(),
                node=choice.seat.node,
                worker=choice.seat.name,
                lane=choice.lane.id,
                elsewhere=elsewhere,
            )
            if lease is not None:
                self._charge(lease, choice.lane)
                return lease, crew.hand(choice.seat.name)
            # All of that lane's jobs failed on that node: others may take them, or it others.
            others = [seat for seat in seats if seat.node != choice.seat.node]
            if others:
                seats = others
            else:
                lanes = [lane for lane in lanes if lane is not choice.lane]

    def may_start(self, pool: Pool, crew: Crew) -> bool:
        """Whether a worker of the pool is idle, and the settings let one more be at work."""
        limit = self._limits[pool]
        return bool(crew.idle(pool)) and (limit is None or crew.at_work(pool) < limit)

    def took(self, lease: Lease, *, seconds: float) -> None:
        """A job of that kind took so long: fairness charges what is usual for as many pixels."""
        key = (lease.stage, self.model_of(lease))
        a_byte = seconds / frames_bytes(lease.shot.recipe)
        usual = self._seconds.get(key, a_byte)
        self._seconds[key] = usual + _NEWEST * (a_byte - usual)

    @staticmethod
    def model_of(lease: Lease) -> str:
        """The model a worker has to have loaded for that job."""
        recipe = lease.shot.recipe
        if lease.stage is Stage.GENERATE:
            return recipe.generation_params.model
        return recipe.interpolation.interpolator

    def _charge(self, lease: Lease, lane: Lane) -> None:
        a_byte = self._seconds.get((lease.stage, lane.model))
        size = frames_bytes(lease.shot.recipe)
        seconds = a_byte * size if a_byte is not None else _FIRST_GUESS_S
        self._shares[lease.stage].charge(lane.manifest_id, seconds=seconds)

    @staticmethod
    def _has_room(choice: Choice, ledger: Ledger, attempts: Attempts, crew: Crew) -> bool:
        """Whether the frames of the shot that would be next fit the memory there is for them, and
        finishing keeps up."""
        if not attempts.shots_in_flight:
            return True
        if attempts.shots_in_flight >= AHEAD * crew.size:
            attempts.forget_ended()
            if attempts.shots_in_flight >= AHEAD * crew.size:
                return False
        budget = crew.frames_budget
        shot_id = peek(ledger.database, Stage.GENERATE, choice.lane.id, now=time.time())
        if shot_id is None:
            return True
        wanted = frames_bytes(reading.shot(ledger.database, shot_id).recipe)
        if admits(in_flight=attempts.bytes_in_flight, wanted=wanted, budget=budget):
            return True
        attempts.forget_ended()
        return admits(in_flight=attempts.bytes_in_flight, wanted=wanted, budget=budget)
