"""The one error tree: every class has its exit code, crosses processes, and stands in the docs."""

from __future__ import annotations

import ast
import importlib
import inspect
import pickle
import subprocess
import sys
import typing
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from companions.errors import MotionfleetError, PictureProblem, Problem

ROOT = Path(__file__).resolve().parents[1]
HOMES = (
    "companions.errors",
    "selector.core.errors",
    "fleet.errors",
    "fleet.weights.errors",
    "fleet.encode.errors",
    "fleet.sync.errors",
)
PACKAGES = ("companions", "selector", "fleet")

SAMPLES: dict[object, object] = {
    str: "some words",
    int: 3,
    float: 1.5,
    bool: True,
    Path: Path("folder/file.json"),
    Iterable[str]: ("one", "two"),
    Sequence[Problem]: (Problem("shots[0].sha256", "is missing"),),
    Sequence[str]: ("one", "two"),
    PictureProblem: PictureProblem.TRUNCATED,
}


def branch(kind: type[MotionfleetError]) -> Iterator[type[MotionfleetError]]:
    yield kind
    for inner in kind.__subclasses__():
        if inner.__module__ in HOMES:
            yield from branch(inner)


def every_class() -> list[type[MotionfleetError]]:
    for home in HOMES:
        importlib.import_module(home)
    return list(branch(MotionfleetError))


def sample(kind: type[MotionfleetError]) -> MotionfleetError:
    """An instance of ``kind``, from one value for each type its constructor asks for."""
    if "__init__" not in vars(kind) and kind.__init__ is Exception.__init__:
        return kind("some words")
    hints = typing.get_type_hints(kind.__init__)
    values = {
        name: SAMPLES[hints[name]]
        for name, parameter in inspect.signature(kind.__init__).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    return kind(**values)


@pytest.mark.parametrize("kind", every_class(), ids=lambda kind: kind.__name__)
def test_an_error_crosses_a_process_with_its_message_and_facts(
    kind: type[MotionfleetError],
) -> None:
    error = sample(kind)

    arrived = pickle.loads(pickle.dumps(error))  # noqa: S301

    assert type(arrived) is kind
    assert str(arrived) == str(error) != ""
    assert vars(arrived) == vars(error)
    assert arrived.reason == error.reason


@pytest.mark.parametrize("kind", every_class(), ids=lambda kind: kind.__name__)
def test_an_error_ends_a_command_with_a_code_of_its_own(kind: type[MotionfleetError]) -> None:
    assert 1 <= kind.exit_code <= 125 or kind.exit_code == 130
    assert kind.exit_code != 2, "2 is for a command line that is not understood"
    sharing = {
        other
        for other in every_class()
        if other.exit_code == kind.exit_code
        and not issubclass(other, kind)
        and not issubclass(kind, other)
    }
    assert sharing == set()


def test_machine_words_are_told_apart() -> None:
    words = [kind.code for kind in every_class() if "code" in vars(kind)]

    assert len(words) == len(set(words))


def test_the_message_of_every_error_is_a_sentence_with_its_facts() -> None:
    for kind in every_class():
        message = str(sample(kind))
        assert "None" not in message, kind
        assert "{" not in message, kind


def test_the_trees_in_the_modules_name_every_error_with_its_code() -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        print_errors = importlib.import_module("print_errors")
    finally:
        sys.path.pop(0)
    drawn = {name: code for name, (code, _) in print_errors.remedies().items()}

    assert drawn == {kind.__name__: kind.exit_code for kind in every_class()}


def test_the_page_of_errors_is_printed_from_the_classes() -> None:
    done = subprocess.run(
        [sys.executable, "docs/print_errors.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_errors_of_the_tree_are_defined_in_the_modules_of_the_tree_only() -> None:
    known = {kind.__name__ for kind in every_class()}
    strays = [
        f"{file.relative_to(ROOT)}: {node.name}"
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        if ".".join(file.relative_to(ROOT).with_suffix("").parts) not in HOMES
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id in known for base in node.bases)
    ]

    assert strays == []
