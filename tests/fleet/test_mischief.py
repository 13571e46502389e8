"""Which faults a seed means."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fleet.drilling.mischief import (
    NEED_A_CLUSTER,
    NEED_NODES,
    Mischief,
    plan_faults,
    portions,
)


@given(seed=st.integers(), count=st.integers(0, 80), cluster=st.booleans(), nodes=st.integers(0, 2))
def test_a_seed_means_the_same_faults_every_time_and_only_possible_ones(
    *, seed: int, count: int, cluster: bool, nodes: int
) -> None:
    first = plan_faults(seed=seed, count=count, cluster=cluster, nodes=nodes)
    again = plan_faults(seed=seed, count=count, cluster=cluster, nodes=nodes)

    assert first == again
    assert len(first) == count
    kinds = {fault.what for fault in first}
    assert cluster or not kinds & NEED_A_CLUSTER
    assert nodes or not kinds & NEED_NODES


def test_where_there_are_enough_every_kind_falls() -> None:
    planned = plan_faults(seed=1, count=len(Mischief), cluster=True, nodes=1)

    assert {fault.what for fault in planned} == set(Mischief)


@given(shots=st.integers(1, 500), faults=st.integers(0, 200))
def test_the_portions_are_the_work_in_order_and_none_is_empty(shots: int, faults: int) -> None:
    parts = portions(shots, faults)

    assert [index for part in parts for index in part] == list(range(shots))
    assert all(len(part) > 0 for part in parts)
    assert len(parts) == min(shots, faults + 1)
