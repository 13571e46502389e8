"""What a check says: of this machine (``fleet doctor``), or of a host (``fleet hosts check``)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a check ended."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    Attributes:
        name: what was looked at; stays the same.
        state: how it ended.
        figure: what was found, with numbers where there are any.
        remedy: what to do about it; empty if it passed.
    """

    name: str
    state: State
    figure: str
    remedy: str = ""


def passed(name: str, figure: str) -> Check:
    """All is well."""
    return Check(name, State.PASS, figure)


def warned(name: str, figure: str, *, remedy: str) -> Check:
    """It works, but not for ever, or not as may be meant."""
    return Check(name, State.WARN, figure, remedy)


def failed(name: str, figure: str, *, remedy: str) -> Check:
    """It does not work, or is not safe."""
    return Check(name, State.FAIL, figure, remedy)
