"""What is held in memory for shots under way."""

from __future__ import annotations

from pathlib import Path

from fleet.attempt import Attempts
from fleet.jobs.model import Stage
from fleet.ledger.ledger import Ledger
from fleet.settings import Home, Settings
from tests.fleet.ledger.test_ledger import MANIFEST, new_shot


def test_a_shot_that_was_replaced_while_its_frames_waited_gives_their_room_back(
    tmp_path: Path,
) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    attempts = Attempts(home=Home(tmp_path), settings=Settings(), ledger=ledger, patient=False)
    ledger.submit(MANIFEST, [new_shot("a", seed=1), new_shot("b")], now=1.0)
    for _ in range(2):
        lease = ledger.lease(Stage.GENERATE, now=2.0)
        assert lease is not None
        attempts.book(lease)
    both = attempts.bytes_in_flight

    ledger.submit(MANIFEST, [new_shot("a", seed=2)], now=3.0)
    attempts.forget_ended()

    assert attempts.bytes_in_flight == both // 2
    ledger.close()
