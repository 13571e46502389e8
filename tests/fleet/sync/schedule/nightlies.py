"""What tests of schedules share: values of one, and schedulers that only write down their calls."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from fleet.sync.schedule.base import Nightly
from fleet.sync.schedule.times import Weekday, When

ODD_HOMES = (
    "/home/me/fleet",
    "/Users/me/Library/Application Support/motionfleet",
    '/home/me/100% "quoted" \\n back $HOME ${HOME}',
    "/home/me/it's %h; rm & <b> #1",
    "/home/müller/写真",
)
"""Folders whose names mean something to a unit, a shell or XML."""

whens = st.builds(
    When,
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    weekdays=st.sets(st.sampled_from(list(Weekday)), max_size=6).map(
        lambda days: tuple(sorted(days))
    ),
)
printable = st.text(
    st.characters(exclude_categories=("C", "Z"), include_characters=" "), min_size=1
)


def nightly(
    host: str = "colo",
    *,
    when: When | None = None,
    home: str | Path = "/home/me/fleet",
    program: tuple[str, ...] = ("/usr/bin/env", "-P", "-m", "fleet"),
    path: str = "/usr/local/bin:/usr/bin:/bin",
) -> Nightly:
    """A nightly sync at two o'clock."""
    return Nightly(
        host=host,
        when=when or When(hour=2, minute=0),
        program=program,
        home=Path(home),
        path=path,
    )


class Fake:
    """A program on PATH in the place of a system's scheduler: it writes down how it was called.

    It keeps which jobs are loaded as the real one does, and refuses what ``refuse`` names.
    """

    def __init__(self, folder: Path, name: str, script: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.file = folder / name
        self.file.write_text(
            "#!/bin/sh\n"
            f"cd {folder}\n"
            f'echo "$*" >> {name}.calls\n'
            f'if [ -e refuse ]; then case "$*" in *"$(cat refuse)"*) '
            f'echo "Operation not permitted" >&2; exit 1;; esac; fi\n'
            f"{script}"
        )
        self.file.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """Its arguments, call by call."""
        file = self.folder / f"{self.file.name}.calls"
        return file.read_text().splitlines() if file.exists() else []

    def forget(self) -> None:
        """Begin the calls anew."""
        (self.folder / f"{self.file.name}.calls").unlink(missing_ok=True)

    def refuse(self, words: str) -> None:
        """Fail, from now on, every call that has ``words`` in it."""
        (self.folder / "refuse").write_text(words)


SYSTEMCTL = """\
shift
case "$1" in
    show) echo Version=252;;
    restart) touch "active-$2";;
    disable) rm -f "active-$3";;
    is-active) if [ -e "active-$2" ]; then echo active; else echo inactive; exit 3; fi;;
esac
"""
LOGINCTL = """\
if [ -e linger ]; then echo yes; else echo no; fi
"""
# As on a Mac: bootout answers before the job is gone, and bootstrap fails while it is there.
LAUNCHCTL = """\
case "$1 $2" in
    "print "*/*/*) if [ -e leaving ]; then mv leaving left; exit 0; fi
        if [ -e left ]; then rm -f left loaded; fi
        [ -e loaded ] || { echo "Could not find service" >&2; exit 113; };;
    "bootout "*) touch leaving;;
    "bootstrap "*) if [ -e loaded ]; then echo "Bootstrap failed: 5: Input/output error" >&2; exit 5
        fi; touch loaded; cp "$3" loaded;;
esac
"""
