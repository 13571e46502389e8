"""A cluster that stays: its dispatcher, put on the head and left to work there.

``python -m fleet.standing ADDRESS`` is what ``fleet up`` runs, in a process of its own because Ray
reads its environment once.  Whoever calls it a second time finds the dispatcher that is there.
"""

from __future__ import annotations

import sys
from typing import Final

from companions.errors import MotionfleetError
from fleet.cluster import environment
from fleet.settings import Home, Settings, find_home, load_settings
from fleet.stages.base import Stages

ANSWER_S: Final = 30.0
"""How long a dispatcher on a loaded head may take to answer for the first time."""


def deploy(address: str, *, home: Home, settings: Settings, stages: Stages, loopback: bool) -> bool:
    """Put a dispatcher on the head of the cluster at ``address``; whether it answers.

    It works from then on, and Ray starts it again when it dies.

    Raises:
        ClusterFailed: the cluster does not answer.
    """
    environment.prepare(home, loopback=loopback)
    from fleet.cluster.remote import RemoteDispatcher, connected
    from fleet.dispatcher import Dispatcher

    with connected(address):
        dispatcher = RemoteDispatcher(
            Dispatcher,
            {
                "home": home.root,
                "settings": settings,
                "stages": stages,
                "forever": True,
            },
        )
        return dispatcher.is_alive(timeout_s=ANSWER_S)


def main(address: str, loopback: str) -> int:
    """Deploy with the real stages of this home; the exit code."""
    from fleet.stages.work import Work

    home = find_home()
    try:
        settings = load_settings(home)
        stages = Work.of(home, settings)
        alive = deploy(
            address, home=home, settings=settings, stages=stages, loopback=loopback == "loopback"
        )
    except MotionfleetError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0 if alive else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
