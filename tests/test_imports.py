"""Light commands stay light: what a command does not need is not imported for it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ["ray", "torch", "cv2", "av", "skimage", "scipy", "diffusers", "PySide6", "pillow_heif"]

SCRIPT = """
import contextlib, io, json, sys
program, arguments = sys.argv[1], sys.argv[2:]
said = io.StringIO()
with contextlib.redirect_stdout(said):
    if program == "fleet":
        from fleet.cli import main
    else:
        from selector.cli import main
    sys.argv = [program, *arguments]
    if arguments:
        with contextlib.suppress(SystemExit):
            main()
print(json.dumps({"modules": sorted({name.split(".")[0] for name in sys.modules}),
                  "said": said.getvalue()}))
"""


def run(*command: str) -> tuple[set[str], str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *command], capture_output=True, text=True, check=True
    )
    seen = json.loads(done.stdout)
    return set(seen["modules"]), seen["said"]


@pytest.mark.parametrize("program", ["fleet", "selector"])
def test_a_command_line_is_imported_without_anything_heavy(program: str) -> None:
    modules, _ = run(program)

    assert modules & set(HEAVY) == set()


@pytest.mark.parametrize(
    "command",
    [
        ["fleet", "--help"],
        ["fleet", "submit", "--help"],
        ["fleet", "status", "--help"],
        ["selector", "--help"],
        ["selector", "propose", "--help"],
        ["selector", "manifest", "--help"],
    ],
    ids=" ".join,
)
def test_help_is_given_without_anything_heavy(command: list[str]) -> None:
    modules, said = run(*command)

    assert "Usage:" in said
    assert modules & set(HEAVY) == set()


def test_the_contract_needs_neither_a_window_nor_a_video_library() -> None:
    script = """
import json, sys
import companions.codec, companions.picture, companions.schema, companions.camera
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert set(json.loads(done.stdout)) & set(HEAVY) == set()
