"""Run ``selector`` in this process, as a shell would."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from selector.cli import main


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Its JSON document."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value

    def row(self, name: str, *, of: str = "pictures", by: str = "picture") -> dict[str, Any]:
        """One row of its JSON listing."""
        (row,) = (row for row in self.document[of] if row[by] == name)
        assert isinstance(row, dict)
        return row


def ran(capsys: pytest.CaptureFixture[str], *arguments: object) -> Ran:
    """Run ``selector`` with ``arguments``."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    code = ended.value.code
    return Ran(code=code if isinstance(code, int) else 1, out=said.out, err=said.err)
