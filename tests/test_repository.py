"""The repository keeps its word: what its pages, Makefile and pins say is so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "schemas").glob("*.md")]
PACKAGES = ("companions", "selector", "fleet", "benchmarks", "deploy", "docs", "tests")
MOST_LINES = 500
GROUPS = {"companions", "audit", "hosts", "models", "motion", "schedule"}

targets = set(
    re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE)
)


def direct_requirements() -> dict[str, Requirement]:
    lines = list(PROJECT["dependencies"])
    for extra in PROJECT["optional-dependencies"].values():
        lines += extra
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


def pins() -> dict[str, str]:
    lines = (ROOT / "deploy" / "constraints.txt").read_text("utf-8").splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


def commands_in(page: Path) -> Iterator[str]:
    """Lines of the shell blocks of a page, without comments, line continuations joined."""
    for block in re.findall(
        r"```(?:sh|bash|console)\n(.*?)```", page.read_text("utf-8"), re.DOTALL
    ):
        for line in block.replace("\\\n", " ").splitlines():
            if command := line.split(" #")[0].strip().removeprefix("$ "):
                yield command


def python_files() -> list[Path]:
    return [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]


@cache
def help_of(name: str, *verb: str) -> tuple[int, str]:
    """How asking a command for help ends, and what it prints; pages name many of them again."""
    done = subprocess.run(
        [sys.executable, "-m", name, *verb, "--help"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_on_a_page_exists(page: Path) -> None:
    named = {
        word
        for command in commands_in(page)
        if command.startswith("make")
        for word in command.split()[1:]
        if re.fullmatch(r"[a-z-]+", word)
    }

    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_and_option_on_a_page_exists(page: Path) -> None:
    for command in commands_in(page):
        program, *words = command.split()
        name = Path(program).name
        if name not in {"selector", "fleet"} or not words or words[0].startswith("-"):
            continue
        # Of a group (fleet companions move), the command is the second word.
        verb = words[:2] if words[0] in GROUPS and not words[1].startswith("-") else words[:1]
        returncode, text = help_of(name, *verb)
        assert returncode == 0, command
        for word in words[1:]:
            if word.startswith("--"):
                assert word.split("=")[0] in text, command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    links = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text) + re.findall(
        r'(?:src|srcset|href)="([^"#]+)"', text
    )
    broken = [
        link
        for link in links
        if not re.match(r"[a-z]+:", link) and not (page.parent / link).exists()
    ]

    assert broken == []


def test_make_help_names_every_target_one_may_use() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)

    named = set(re.findall(r"^ +make ([a-z]+)", done.stdout, flags=re.MULTILINE))
    assert named == {"help", "demo", "test", "lint", "bench", "clean"}


def test_continuous_integration_can_be_run() -> None:
    script = ROOT / ".ci" / "run"

    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_every_direct_dependency_is_pinned_within_its_range() -> None:
    pinned = pins()
    for name, requirement in direct_requirements().items():
        assert name in pinned, f"{name} has no line in deploy/constraints.txt"
        assert requirement.specifier.contains(pinned[name]), f"{name} {pinned[name]}"


def test_every_direct_dependency_is_explained_and_nothing_else_is() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text("utf-8")

    explained = {
        canonicalize_name(name) for name in re.findall(r"^\| `([^`]+)`", page, re.MULTILINE)
    }

    assert explained == set(direct_requirements())


def test_the_changelog_tells_of_the_version_in_hand() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")

    first = re.search(r"^## \[([^\]]+)\]", changelog, flags=re.MULTILINE)
    assert first is not None
    assert first[1] == PROJECT["version"]


def test_no_module_is_longer_than_one_can_hold_in_mind() -> None:
    too_long = {
        str(file.relative_to(ROOT)): lines
        for file in python_files()
        if (lines := len(file.read_text("utf-8").splitlines())) > MOST_LINES
    }

    assert too_long == {}


def test_every_file_is_named_after_what_is_in_it() -> None:
    saying_nothing = {"utils", "util", "helpers", "common", "misc", "manager", "stuff"}

    assert [file for file in python_files() if file.stem in saying_nothing] == []
