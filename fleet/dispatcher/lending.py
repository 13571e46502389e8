"""Idle workers lent to shots whose pieces do not depend on each other.

Asked at the end of every turn, when all that could be given out was: a worker that is idle then is
one that nobody waits for.  It makes one piece and is idle again before it is lent anew, so a shot
that comes meanwhile waits for one piece at the longest.  A helper that goes away costs its piece,
which the others make; a stage that fails on a helper fails the attempt, as on the shot's own
worker.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from ray import exceptions as ray_errors

from companions.errors import MotionfleetError
from fleet.attempt import Attempts
from fleet.cluster.failures import meaning
from fleet.dispatcher.crew import Crew, Hand
from fleet.dispatcher.turns import Turns
from fleet.jobs.model import Pool
from fleet.ledger.rows import Lease
from fleet.making import Doer, Making, OtherMaker

_log = logging.getLogger("fleet.dispatcher")


class Lending:
    """Gives out pieces to workers of generation that would else be idle."""

    def __init__(
        self, *, attempts: Attempts, crew: Crew, turns: Turns, changed: Callable[[], None]
    ) -> None:
        """``changed`` is called when a helper is idle again."""
        self._attempts, self._crew, self._turns = attempts, crew, turns
        self._changed = changed

    def lend(self, leases: Iterable[Lease]) -> None:
        """Give out a piece to every idle worker, as far as those attempts to generate want help."""
        for lease in leases:
            making = self._attempts.making(lease.shot.id)
            while making is not None and self._turns.may_start(Pool.GENERATION, self._crew):
                number = making.piece_for_another()
                if number is None:
                    break
                hand = self._helper(self._turns.model_of(lease))
                hand.token = f"{lease.token}/{number}"
                self._attempts.helped(lease.shot.id, hand.node.id)
                help_ = self._help(lease, hand, making, number)
                making.helped_by(asyncio.get_running_loop().create_task(help_))

    def _helper(self, model: str) -> Hand:
        """An idle worker, with ``model`` loaded if there is such a one."""
        seats = self._crew.idle(Pool.GENERATION)
        return self._crew.hand(min(seats, key=lambda seat: model not in seat.models).name)

    async def _help(self, lease: Lease, hand: Hand, making: Making, number: int) -> None:
        token, stage, shot_id = hand.token, lease.stage.value, lease.shot.id
        try:
            await making.help(doer_of(hand), token, number)
        except (asyncio.CancelledError, OtherMaker):
            if hand.node.id in self._crew.nodes:
                await self._crew.quiet(hand)
        except (MotionfleetError, ray_errors.RayError) as error:
            found = meaning(error, stage=stage, deadline_s=0.0, node=hand.node.name)
            what = found.failure.message
            _log.warning("shot=%s piece %d on %s: %s", shot_id, number, hand.name, what)
            if found.worker_gone:
                self._crew.replace(hand)
        else:
            _log.info("shot=%s piece %d was made by %s, lent", shot_id, number, hand.name)
            self._crew.used(hand, self._turns.model_of(lease))
        finally:
            if hand.token == token:
                self._crew.release(hand)
            self._changed()


def doer_of(hand: Hand) -> Doer:
    """A worker of the crew, as the doer of an attempt."""
    return Doer(handle=hand.handle, node_id=hand.node.id, node=hand.node.name, gpu=hand.state.gpu)
