"""The suite as it lies on the disk: ``<kind>/v<N>/{valid,invalid}/NAME.json`` and one list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from companions import codec, schema
from companions.base import Closed
from companions.errors import DocumentInvalid, Problem
from fleet.conformance.cases import Case, case_at

BEYOND_SCHEMA: Final = "beyond_schema.json"
"""Which invalid files a JSON Schema cannot tell, by the rule they break."""
SUITE: Final = schema.FOLDER.parent / "tests" / "golden"
"""The suite of a clone of the repository."""


class BeyondSchema(Closed):
    """A rule that JSON Schema cannot say, and the cases that break it."""

    rule: str
    """The rule, in words."""
    cases: tuple[str, ...]
    """Paths in the suite."""


@dataclass(frozen=True, slots=True)
class Suite:
    """A folder of cases."""

    folder: Path
    cases: Sequence[Case]

    def file_of(self, case: Case) -> Path:
        """The absolute path of a case's file."""
        return self.folder / case.path


def read_suite(folder: Path) -> Suite:
    """The cases in ``folder``, in the order of their paths.

    Raises:
        DocumentInvalid: there are none, or the list of those beyond a schema cannot be used.
    """
    folder = folder.resolve()
    beyond = _rules_by_case(folder / BEYOND_SCHEMA)
    cases = []
    for file in sorted(folder.glob("*/v*/*/*.json")):
        path = file.relative_to(folder).as_posix()
        case = case_at(path, beyond=beyond.pop(path, None))
        if case is not None:
            cases.append(case)
    if not cases:
        raise DocumentInvalid(
            file=str(folder),
            problems=[Problem("", "holds no cases (KIND/vN/valid/NAME.json)")],
            remedy="Give the suite's folder with --suite: tests/golden of the repository.",
        )
    return Suite(folder, cases)


def schema_of(case: Case, *, folder: Path) -> Path:
    """The absolute path of the published schema of a case's kind and version.

    Raises:
        DocumentInvalid: it is not there.
    """
    file = folder.resolve() / f"{case.kind}.v{case.version}.schema.json"
    if not file.is_file():
        raise DocumentInvalid(
            file=str(file),
            problems=[Problem("", "is not there")],
            remedy="Give the folder of the schemas with --schemas.",
        )
    return file


def _rules_by_case(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    data = codec.read_bytes(file)
    codec.parse(data, file=str(file))
    try:
        rules = TypeAdapter(Mapping[str, BeyondSchema]).validate_json(data)
    except ValidationError as error:
        raise DocumentInvalid(
            file=str(file),
            problems=codec.problems_of(error),
            remedy="Take the file of the release again.",
        ) from None
    return {case: name for name, each in rules.items() for case in each.cases}
