"""Which queued job an idle worker gets: priority, fairness between manifests, warm models.

Pure, and asked by three: the dispatcher, ``fleet plan`` and the simulator of large fleets.

1. Highest priority first, always: what is urgent waits for nothing that is less so.
2. Among equals, the manifest that was served least, in seconds of work.  A manifest that arrives
   begins level with the least served of those at work: five shots are not behind five thousand,
   and being late is no credit.
3. Loading a model costs minutes.  A worker stays with a model it has loaded, unless the manifest
   whose turn it is has waited longer than the affinity's patience; that bounds starvation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Lane:
    """Queued jobs of one stage that the policy cannot tell apart.

    Attributes:
        id: the lane's number in the ledger.
        manifest_id: whose shots they are; fairness is between manifests.
        priority: larger is sooner.
        model: what a worker must have loaded: generator or interpolator, by name.
        oldest: sequence number of the lane's first due job; smaller was submitted earlier.
    """

    id: int
    manifest_id: str
    priority: int
    model: str
    oldest: int


@dataclass(frozen=True, slots=True)
class Seat:
    """An idle worker of the stage's pool.

    Attributes:
        name: the worker's name.
        node: the node it is on.
        models: what it has loaded, most recently used first.
    """

    name: str
    node: str = ""
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """A job of ``lane`` goes to the worker ``seat``."""

    lane: Lane
    seat: Seat


@dataclass(slots=True)
class _Share:
    served_s: float
    last_turn: float


@dataclass(slots=True)
class Shares:
    """How much each manifest was served, and when last.  Lives as long as its dispatcher; after a
    restart all begin level.
    """

    _of: dict[str, _Share] = field(default_factory=dict)

    def meet(self, manifest_ids: Iterable[str], *, now: float) -> None:
        """Take notice of the manifests that have queued jobs; forget those that have none.

        A manifest not seen before begins level with the least served of the others.
        """
        present = set(manifest_ids)
        for gone in self._of.keys() - present:
            del self._of[gone]
        floor = min((share.served_s for share in self._of.values()), default=0.0)
        for manifest_id in sorted(present - self._of.keys()):
            self._of[manifest_id] = _Share(served_s=floor, last_turn=now)

    def charge(self, manifest_id: str, *, seconds: float, now: float) -> None:
        """A job of that manifest was given to a worker; it will take about ``seconds``."""
        share = self._of.setdefault(manifest_id, _Share(served_s=0.0, last_turn=now))
        share.served_s += seconds
        share.last_turn = now

    def served_s(self, manifest_id: str) -> float:
        """Seconds of work given to that manifest, level with others where it is new."""
        share = self._of.get(manifest_id)
        return share.served_s if share is not None else 0.0

    def waited_s(self, manifest_id: str, *, now: float) -> float:
        """Seconds since that manifest had its last turn, or was first seen."""
        share = self._of.get(manifest_id)
        return max(0.0, now - share.last_turn) if share is not None else 0.0


def choose(
    lanes: Sequence[Lane], seats: Sequence[Seat], shares: Shares, *, now: float, patience_s: float
) -> Choice | None:
    """The next job to give out, and to whom; None if there is no lane or no seat.

    ``now`` is on any monotonic clock, in seconds, the same that ``shares`` was given.
    ``patience_s`` is how long the manifest whose turn it is may be passed over so that a worker
    can stay with the model it has.
    """
    if not lanes or not seats:
        return None
    top = max(lane.priority for lane in lanes)
    urgent = [lane for lane in lanes if lane.priority == top]

    def turn(lane: Lane) -> tuple[float, int]:
        return shares.served_s(lane.manifest_id), lane.oldest

    due = min(urgent, key=turn)
    warm = [seat for seat in seats if due.model in seat.models]
    if warm:
        return Choice(due, min(warm, key=lambda seat: seat.models.index(due.model)))
    if shares.waited_s(due.manifest_id, now=now) < patience_s:
        loaded = {model for seat in seats for model in seat.models}
        staying = [lane for lane in urgent if lane.model in loaded]
        if staying:
            lane = min(staying, key=turn)
            fitting = [seat for seat in seats if lane.model in seat.models]
            return Choice(lane, min(fitting, key=lambda seat: seat.models.index(lane.model)))
    # A model has to be loaded: by a worker that has none, or has what is least asked for.
    asked = {lane.model for lane in lanes}
    return Choice(due, min(seats, key=lambda seat: (len(asked & set(seat.models)),
                                                    len(seat.models))))  # fmt: skip
