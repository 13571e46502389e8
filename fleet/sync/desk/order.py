"""Which sets a sync submits, and in which order.  Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from fleet.sync.desk.push import Delivery, Pushed


def to_submit(
    pushed: Sequence[Pushed], *, done: Collection[tuple[str, str]]
) -> tuple[list[Pushed], list[Pushed]]:
    """What is to be submitted, the oldest manifest first, and what is not, being out of date.

    A set that was ever submitted is not submitted again; ``done`` are those that this sync has
    submitted already, by label and id.  A set one of whose pictures a newer, submitted manifest of
    the same folder names is out of date: submitted after that one, it would take its clips away.
    """
    newest: dict[tuple[str, str], float] = {}
    for each in pushed:
        if each.submitted or _key(each) in done:
            for picture in each.wanted.pictures:
                place = (each.label, picture)
                newest[place] = max(newest.get(place, 0.0), each.wanted.created_at)
    new = {
        _key(each): each
        for each in pushed
        if each.state is not Delivery.REFUSED and not each.submitted and _key(each) not in done
    }
    current, outdated = [], []
    for each in sorted(new.values(), key=lambda each: each.wanted.created_at):
        later = (newest.get((each.label, picture), 0.0) for picture in each.wanted.pictures)
        if any(at > each.wanted.created_at for at in later):
            outdated.append(each)
        else:
            current.append(each)
    return current, outdated


def _key(pushed: Pushed) -> tuple[str, str]:
    return pushed.label, pushed.wanted.set_id
