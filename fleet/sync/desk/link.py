"""A host for the length of a command: connected when first needed, and again after a break.

What is asked of it has to be such that asking twice is once; all of the conversation is.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from fleet.settings import Host, Settings
from fleet.sync.desk.reach import Reached, host_settings, reach
from fleet.sync.errors import HostUnreachable
from fleet.sync.transport.retry import BACKOFF

T = TypeVar("T")


class Link:
    """One host; a context manager.

    Attributes:
        name: the host's name in the settings or in ssh's configuration.
        settings: the host's table.
    """

    def __init__(
        self, name: str, *, settings: Settings, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.name = name
        self.settings: Host = host_settings(name, settings)
        self._all = settings
        self._sleep = sleep
        self._held = contextlib.ExitStack()
        self._reached: Reached | None = None
        self._was_reached = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.drop()

    @property
    def reached(self) -> Reached:
        """The host as it answers; connects where there is no connection.

        Raises:
            HostUnknown, HostUnreachable, HostRefused, HostKeyRefused, FarFleetUnusable: as
                ``reach``.
        """
        if self._reached is None:
            self._reached = self._held.enter_context(reach(self.name, settings=self._all))
            self._was_reached = True
        return self._reached

    def connect(self) -> None:
        """Connect, if there is no connection.

        Raises:
            HostUnknown, HostUnreachable, HostRefused, HostKeyRefused, FarFleetUnusable: as
                ``reach``.
        """
        _ = self.reached

    def drop(self) -> None:
        """Close the connection, if there is one; ``reached`` makes another."""
        self._reached = None
        self._held.close()

    def steadily(
        self, action: Callable[[Reached], T], *, tell: Callable[[str], None] | None = None
    ) -> T:
        """What ``action`` returns, done again over a new connection where the old one broke.

        A host that was never reached is not waited for.  ``tell`` is told of every break.

        Raises:
            HostUnreachable: it was reached before, and could not be for the host's ``tries``.
            FleetError: whatever else ``action`` or connecting raises.
        """
        failures = 0
        while True:
            try:
                return action(self.reached)
            except HostUnreachable as error:
                self.drop()
                failures += 1
                if not self._was_reached or failures >= self.settings.tries:
                    raise
                wait_s = wait_before(failures)
                if tell is not None:
                    tell(f"{error.what}; connecting again in {wait_s:.0f} s")
                self._sleep(wait_s)


def wait_before(failures: int) -> float:
    """Seconds to wait after so many failures in a row."""
    return BACKOFF.wait_s(failures, chance=random.random())  # noqa: S311  (no secret)
