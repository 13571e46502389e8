"""A ``ProxyJump`` is taken from its end, as ssh takes it."""

from __future__ import annotations

import pytest

from fleet.sync.ssh.way import Jump, last_jump


@pytest.mark.parametrize(
    ("value", "last", "before"),
    [
        ("bastion", Jump("bastion", None, None), None),
        ("ann@bastion:2200", Jump("bastion", "ann", 2200), None),
        ("a,b@c", Jump("c", "b", None), "a"),
        ("a:1, b, c:3", Jump("c", None, 3), "a:1, b"),
        ("ssh://ann@bastion:22", Jump("bastion", "ann", 22), None),
        ("[fe80::1]:2200", Jump("fe80::1", None, 2200), None),
    ],
)
def test_the_last_host_is_reached_through_those_before_it(
    value: str, last: Jump, before: str | None
) -> None:
    assert last_jump(value) == (last, before)


@pytest.mark.parametrize("value", ["", "a,", "-oX=y", "-l@b", "a:b:c", "a b@", "a/b"])
def test_what_is_no_host_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="no host of a ProxyJump"):
        last_jump(value)
