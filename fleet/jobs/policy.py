"""Which queued job an idle worker gets: priority, fairness between manifests, warm models.

Pure, and asked by three: the dispatcher, ``fleet plan`` and the simulator of large fleets.

1. Highest priority first, always: what is urgent waits for nothing that is less so.
2. Among equals, the manifest that was served least, in seconds of work.  A manifest that arrives
   begins level with the least served of those at work: five shots are not behind five thousand,
   and being late is no credit.
3. Loading a model costs minutes.  A worker stays with a model it has loaded until that has put
   its manifest ahead of the one whose turn it is by the affinity's patience, in seconds of work.
   So every model that is loaded for fairness's sake is paid for by as much work, and how far a
   manifest can fall behind is bounded however many workers there are.
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
class Shares:
    """How much each manifest was served, in seconds of work.  Lives as long as its dispatcher;
    after a restart all begin level.
    """

    _served_s: dict[str, float] = field(default_factory=dict)
    _at_work: frozenset[str] = frozenset()
    _level_s: float = 0.0

    def meet(self, manifest_ids: Iterable[str]) -> None:
        """Take notice of which manifests have queued jobs now.

        One that was not among them begins level with the least served of those that were: being
        away is no credit.  Nor does it clear a debt, as long as the others are behind: all jobs of
        a manifest may be under way for a moment, and then the next ones come.
        """
        present = frozenset(manifest_ids)
        least = min((self._served_s[one] for one in self._at_work), default=self._level_s)
        self._level_s = max(self._level_s, least)
        for manifest_id in present - self._at_work:
            self._served_s[manifest_id] = self.served_s(manifest_id)
        for manifest_id in self._served_s.keys() - present:
            if self._served_s[manifest_id] <= self._level_s:
                del self._served_s[manifest_id]
        self._at_work = present

    def charge(self, manifest_id: str, *, seconds: float) -> None:
        """A job of that manifest was given to a worker; it will take about ``seconds``."""
        self._served_s[manifest_id] = self.served_s(manifest_id) + seconds

    def served_s(self, manifest_id: str) -> float:
        """Seconds of work given to that manifest, level with others where it is new."""
        if manifest_id in self._at_work:
            return self._served_s[manifest_id]
        return max(self._served_s.get(manifest_id, 0.0), self._level_s)


def choose(
    lanes: Sequence[Lane], seats: Sequence[Seat], shares: Shares, *, patience_s: float
) -> Choice | None:
    """The next job to give out, and to whom; None if there is no lane or no seat.

    ``patience_s`` is how many seconds of work the manifest whose turn it is may fall behind so
    that a worker can stay with the model it has.
    """
    if not lanes or not seats:
        return None
    top = max(lane.priority for lane in lanes)
    urgent = [lane for lane in lanes if lane.priority == top]

    def turn(lane: Lane) -> tuple[float, int]:
        return shares.served_s(lane.manifest_id), lane.oldest

    def warmest(model: str) -> Seat | None:
        warm = [seat for seat in seats if model in seat.models]
        return min(warm, key=lambda seat: seat.models.index(model), default=None)

    due = min(urgent, key=turn)
    seat = warmest(due.model)
    if seat is not None:
        return Choice(due, seat)
    loaded = {model for seat in seats for model in seat.models}
    staying = min((lane for lane in urgent if lane.model in loaded), key=turn, default=None)
    if staying is not None and turn(staying)[0] - turn(due)[0] < patience_s:
        seat = warmest(staying.model)
        if seat is not None:
            return Choice(staying, seat)
    # A model has to be loaded: by a worker that has none, or has what is least asked for.
    asked = {lane.model for lane in lanes}
    cold = min(seats, key=lambda seat: (len(asked & set(seat.models)), len(seat.models)))
    return Choice(due, cold)
