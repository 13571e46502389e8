"""Counts kept by triggers against counts made anew, whatever happened."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from companions.video_meta import Verdict
from fleet.jobs.model import Stage
from fleet.jobs.retry import TryAgain
from fleet.ledger import control, reading
from fleet.ledger.lanes import open_lanes
from fleet.ledger.layout import COUNT_ALL
from fleet.ledger.ledger import Ledger
from fleet.ledger.recovery import recover
from fleet.ledger.selection import Selection
from fleet.ledger.summary import PHASES, shot_lines, summarise
from tests.fleet.ledger.filling import BROKEN, finish, generate, manifest, publish
from tests.fleet.ledger.test_ledger import new_shot

ACTS = (
    "submit", "lease", "generate", "finish", "publish", "fail", "cancel", "set aside", "retry",
    "hold", "let go", "priority", "recover", "submit again",
)  # fmt: skip


class Operator:
    """Does things to a ledger that are possible at that moment."""

    def __init__(self, ledger: Ledger, folder: Path, seed: int) -> None:
        self.ledger, self.folder = ledger, folder
        self.random = random.Random(seed)
        self.now = 100.0
        self.names: list[str] = []

    def act(self, what: str) -> None:  # noqa: C901  (one case for each act)
        self.now += 10.0
        ledger, database = self.ledger, self.ledger.database
        chosen = (name for name in self.names if self.random.random() < 0.4)
        some = Selection(shots=tuple(f"{name}-0" for name in chosen))
        match what:
            case "submit":
                self.names.append(f"s{len(self.names)}")
                of = manifest(f"day{self.random.randrange(3)}")
                ledger.submit(of, [new_shot(self.names[-1])], now=self.now)
            case "submit again" if self.names:
                again = new_shot(self.random.choice(self.names), intact=False)
                ledger.submit(manifest("day0"), [again], now=self.now)
            case "lease":
                ledger.lease(self.random.choice(list(Stage)), now=self.now)
            case "generate" if self.has(Stage.GENERATE):
                generate(ledger, now=self.now)
            case "finish" if self.has(Stage.FINISH):
                finish(ledger, self.folder, now=self.now)
            case "publish" if self.has(Stage.PUBLISH):
                publish(ledger, verdict=self.random.choice(list(Verdict)[:3]), now=self.now)
            case "fail":
                lease = ledger.lease(Stage.GENERATE, now=self.now)
                if lease is not None:
                    ledger.fail(lease, BROKEN, TryAgain(1.0), now=self.now)
            case "cancel":
                control.cancel(database, some, who="a", now=self.now, spare_publishing=False)
            case "set aside":
                control.quarantine(database, some, who="a", now=self.now, spare_publishing=True)
            case "retry":
                control.retry(database, some, verdicts=control.UNSUCCESSFUL, who="a", now=self.now)
            case "hold":
                control.pause(database, some, who="a", now=self.now)
            case "let go":
                control.resume(database, some, who="a", now=self.now)
            case "priority":
                level = self.random.randrange(3)
                control.set_priority(database, some, priority=level, who="a", now=self.now)
            case "recover":
                recover(database, now=self.now)

    def has(self, stage: Stage) -> bool:
        return bool(open_lanes(self.ledger.database, stage, now=self.now))


@settings(max_examples=40, deadline=None)
@given(acts=st.lists(st.sampled_from(ACTS), min_size=5, max_size=40), seed=st.integers(0, 999))
def test_what_is_counted_on_the_way_is_what_a_count_would_find(acts: list[str], seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "ledger.sqlite3")
        operator = Operator(ledger, Path(folder), seed)
        for act in ("submit", "submit", "submit", *acts):
            operator.act(act)
        database = ledger.database
        kept = {tuple(row) for row in database.rows("SELECT * FROM tallies WHERE count <> 0")}
        with database.transaction(durable=False) as sql:
            for statement in COUNT_ALL:
                sql.execute(statement)
        counted = {tuple(row) for row in database.rows("SELECT * FROM tallies")}
        summary = summarise(database, limit=99, now=operator.now)
        lines = shot_lines(database, limit=999)
        ledger.close()

        assert kept == counted
        assert dict(summary.counts) == Counter(line.state for line in lines)
        assert sum(each.total for each in summary.manifests) == len(lines)
        assert summary.open == sum(line.verdict is None for line in lines)


def test_each_shot_that_is_under_way_is_in_exactly_one_phase(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    operator = Operator(ledger, tmp_path, 1)
    seen = set()
    for number in range(300):
        operator.act(ACTS[number % 5])
        for line in shot_lines(ledger.database, limit=999):
            seen.add(line.state)
            states = reading.job_states(ledger.database, ids=[line.id])[line.id]
            told = [PHASES[job] for job in states.items() if job in PHASES]
            assert told == ([line.state] if line.verdict is None else [])
        if number > 60:
            break
    ledger.close()

    assert seen >= {"queued", "generating", "generated", "pass"}
