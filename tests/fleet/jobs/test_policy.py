"""Who is served next: the rules, one by one, and what they must never break."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fleet.jobs.policy import Lane, Seat, Shares, choose

PATIENCE_S = 100.0


def lane(
    number: int, *, manifest: str = "", priority: int = 0, model: str = "x", oldest: int = 0
) -> Lane:
    return Lane(number, manifest or f"m{number}", priority, model, oldest or number)


def seat(name: str, *models: str) -> Seat:
    return Seat(name, models=models)


def shares(*manifests: str) -> Shares:
    """Shares that have met those manifests."""
    known = Shares()
    known.meet(manifests)
    return known


def picked(lanes: list[Lane], seats: list[Seat], known: Shares) -> Lane:
    choice = choose(lanes, seats, known, patience_s=PATIENCE_S)
    assert choice is not None
    return choice.lane


def test_without_a_job_or_without_a_worker_there_is_nothing_to_choose() -> None:
    known = shares("m1")

    assert choose([], [seat("a")], known, patience_s=PATIENCE_S) is None
    assert choose([lane(1)], [], known, patience_s=PATIENCE_S) is None


def test_what_is_urgent_goes_first_though_its_manifest_was_served_more_and_its_model_is_cold() -> (
    None
):
    known = shares("m1", "m2")
    known.charge("m2", seconds=1000.0)
    calm, urgent = lane(1, model="x"), lane(2, model="y", priority=1)

    assert picked([calm, urgent], [seat("a", "x")], known) is urgent


def test_among_equals_the_manifest_that_was_served_least_is_next() -> None:
    known = shares("m1", "m2")
    known.charge("m1", seconds=5.0)

    assert picked([lane(1), lane(2)], [seat("a", "x")], known).id == 2


def test_among_equals_served_alike_the_earlier_submission_is_next() -> None:
    assert picked([lane(2), lane(1)], [seat("a", "x")], shares("m1", "m2")).id == 1


def test_a_manifest_that_arrives_begins_level_with_the_least_served() -> None:
    known = shares("m1", "m2")
    known.charge("m1", seconds=70.0)
    known.charge("m2", seconds=50.0)

    known.meet(["m1", "m2", "m3"])

    assert known.served_s("m3") == 50.0


def test_a_manifest_with_nothing_queued_is_no_measure_for_the_next_one() -> None:
    known = shares("m1", "idle")
    known.charge("m1", seconds=70.0)

    known.meet(["m1"])
    known.meet(["m1", "m2"])

    assert known.served_s("m2") == 70.0


def test_a_worker_that_has_the_model_is_taken_before_one_that_would_load_it() -> None:
    choice = choose(
        [lane(1, model="y")], [seat("a"), seat("b", "x"), seat("c", "x", "y"), seat("d", "y")],
        shares("m1"), patience_s=PATIENCE_S,
    )  # fmt: skip

    assert choice is not None
    assert choice.seat.name == "d"


def test_a_model_is_loaded_by_the_worker_that_has_least_that_is_asked_for() -> None:
    lanes = [lane(1, model="z"), lane(2, model="x")]
    known = shares("m1", "m2")
    known.charge("m2", seconds=1e9)

    choice = choose(lanes, [seat("a", "x"), seat("b", "old")], known, patience_s=PATIENCE_S)

    assert choice is not None
    assert (choice.lane.id, choice.seat.name) == (1, "b")


def test_a_worker_stays_with_its_model_for_a_while_though_it_is_anothers_turn() -> None:
    known = shares("m1", "m2")
    known.charge("m1", seconds=1.0)

    assert picked([lane(1, model="x"), lane(2, model="y")], [seat("a", "x")], known).id == 1


def test_a_worker_changes_its_model_once_that_put_its_manifest_ahead_by_the_patience() -> None:
    known = shares("m1", "m2")
    lanes = [lane(1, model="x"), lane(2, model="y")]

    known.charge("m1", seconds=PATIENCE_S - 1)
    stays = picked(lanes, [seat("a", "x")], known)
    known.charge("m1", seconds=1.0)
    changes = picked(lanes, [seat("a", "x")], known)

    assert (stays.id, changes.id) == (1, 2)


def test_a_manifest_whose_jobs_are_all_under_way_for_a_moment_sheds_no_debt() -> None:
    known = shares("m1", "m2")
    known.charge("m1", seconds=1000.0)

    known.meet(["m2"])
    known.meet(["m1", "m2"])

    assert known.served_s("m1") - known.served_s("m2") == 1000.0


def test_being_away_while_another_is_served_is_no_credit() -> None:
    known = shares("m1", "m2")
    known.meet(["m1"])
    known.charge("m1", seconds=1000.0)

    known.meet(["m1", "m2"])

    assert known.served_s("m2") == known.served_s("m1")


def test_manifests_that_are_gone_and_level_are_forgotten() -> None:
    known = Shares()
    for number in range(1000):
        known.meet([f"m{number}"])
        known.charge(f"m{number}", seconds=5.0)

    assert len(known._served_s) < 5


@given(
    lanes=st.lists(
        st.builds(
            Lane,
            id=st.integers(0, 50),
            manifest_id=st.sampled_from("abcde"),
            priority=st.integers(-2, 2),
            model=st.sampled_from("xyz"),
            oldest=st.integers(0, 100),
        ),
        min_size=1,
        max_size=8,
    ),
    seats=st.lists(
        st.builds(
            Seat, name=st.text("pq", max_size=3), models=st.lists(st.sampled_from("xyz")).map(tuple)
        ),
        min_size=1,
        max_size=5,
    ),
    charged=st.lists(st.tuples(st.sampled_from("abcde"), st.floats(0, 1e4)), max_size=20),
)
def test_whatever_is_queued_a_top_priority_job_goes_to_a_worker_that_is_idle(
    lanes: list[Lane], seats: list[Seat], charged: list[tuple[str, float]]
) -> None:
    known = shares(*(each.manifest_id for each in lanes))
    for manifest_id, seconds in charged:
        known.charge(manifest_id, seconds=seconds)

    choice = choose(lanes, seats, known, patience_s=PATIENCE_S)

    assert choice is not None
    assert choice.lane in lanes
    assert choice.seat in seats
    assert choice.lane.priority == max(each.priority for each in lanes)
    assert choose(lanes, seats, known, patience_s=PATIENCE_S) == choice


@given(costs=st.lists(st.floats(1.0, 100.0), min_size=2, max_size=6))
def test_manifests_that_always_have_work_are_served_alike_whatever_their_shots_cost(
    costs: list[float],
) -> None:
    names = [f"m{i}" for i in range(len(costs))]
    lanes = [lane(i, manifest=name, oldest=i + 1) for i, name in enumerate(names)]
    known = shares(*names)

    for _ in range(200):
        chosen = picked(lanes, [seat("a", "x")], known)
        known.charge(chosen.manifest_id, seconds=costs[chosen.id])

    served = [known.served_s(name) for name in names]
    assert max(served) - min(served) <= max(costs) + 1e-6
