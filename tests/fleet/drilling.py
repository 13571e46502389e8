"""Run a real dispatcher over drill stages in a process of its own: ``run_drill``.

Ray reads its environment once per process, so each drill gets a fresh one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from companions.video_meta import VideoMeta
from fleet import client
from fleet.embedded import work_until_done
from fleet.ledger.ledger import Ledger
from fleet.ledger.rows import History
from fleet.settings import Home, load_settings
from fleet.stages.drill import Drill, Fault, Trouble
from fleet.stages.publish import Target
from tests.fleet.making import shot, small_picture, write_manifest


@dataclass(frozen=True)
class Drilled:
    """What a drill left behind."""

    home: Home
    histories: Mapping[str, History]

    def meta(self, name: str) -> VideoMeta:
        found = Target(Path(self.histories[name].shot.target)).read_meta()
        assert found is not None
        return found


def prepare(folder: Path, names: list[str]) -> Path:
    """Pictures and their manifest."""
    pictures = [
        small_picture(folder / f"{name}.png", shade=i, size=(16, 12))
        for i, name in enumerate(names)
    ]
    return write_manifest(
        folder / "m.video_manifest.json", [shot(picture, folder) for picture in pictures]
    )


def run_drill(
    folder: Path,
    names: list[str],
    *,
    faults: Mapping[str, Fault] | None = None,
    settings: str = "",
    timeout_s: float = 90.0,
) -> Drilled:
    """Submit ``names`` and work until all have ended; ``settings`` is the home's TOML."""
    manifest = prepare(folder, names)
    home = Home(folder / "home")
    home.root.mkdir(exist_ok=True)
    home.settings_file.write_text(settings)
    plan = {name: [f.stage, f.trouble.value, f.times] for name, f in (faults or {}).items()}
    subprocess.run(
        [sys.executable, "-m", "tests.fleet.drilling", str(manifest), str(home.root),
         json.dumps(plan)],
        check=True,
        timeout=timeout_s,
    )  # fmt: skip
    ledger = Ledger(home.ledger)
    submission = client.read_submission(manifest, out=None, home=home)
    histories = {
        Path(planned.row.image_path).stem: ledger.history(planned.row.id)
        for planned in submission.shots
    }
    ledger.close()
    return Drilled(home, histories)


def main(manifest: str, home_root: str, plan: str) -> None:
    """The process of its own."""
    faults = {
        name: Fault(stage=stage, trouble=Trouble(trouble), times=times)
        for name, (stage, trouble, times) in json.loads(plan).items()
    }
    home = Home(Path(home_root))
    submission = client.read_submission(Path(manifest), out=None, home=home)
    client.queue(submission, home=home)
    work_until_done(
        [planned.row.id for planned in submission.shots],
        home=home,
        settings=load_settings(home),
        stages=Drill(faults=faults),
        tick=lambda _doing, _frames: None,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
