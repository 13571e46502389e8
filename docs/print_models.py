"""Print the tables of families in ``docs/models.md``: ``python docs/print_models.py [--check]``.

What a family is stands in its declaration; the page only brings them together, between two marks.
``--check`` compares instead of writing and exits with 1.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from companions import files
from fleet.generate.diffusion import telling
from fleet.generate.diffusion.families import FAMILIES
from fleet.generate.diffusion.family import Family, Hub

PAGE: Final = Path(__file__).with_name("models.md")
BEGIN: Final = "<!-- families: printed by docs/print_models.py -->"
END: Final = "<!-- /families -->"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _where(hub: Hub) -> str:
    pinned = f"`{hub.revision[:12]}`" if hub.revision else "not pinned"
    return f"[{hub.repo}]({hub.page}) {pinned}"


def _who(family: Family) -> Sequence[str]:
    hubs = [family.hub, *dict.fromkeys(part.hub for part in family.parts.values())]
    return (
        f"`{family.name}`",
        "<br>".join(_where(hub) for hub in hubs),
        f"[{family.hub.licence}]({family.hub.licence_page})"
        + (", accepted once" if family.hub.to_accept else ""),
        family.tried.value,
    )


def _what(family: Family) -> Sequence[str]:
    return (
        f"`{family.name}`",
        telling.frames(family),
        telling.size(family),
        telling.own_choice(family),
        telling.controls(family),
        telling.clocks(family) or "-",
        telling.few_steps(family).partition(" by ")[0] or "-",
    )


def _how(family: Family) -> Iterable[Sequence[str]]:
    for name, plan in family.plans.items():
        memory, _, ways = telling.plan(plan).partition(" (")
        yield f"`{family.name}`", name.value, memory, ways.removesuffix(")")


def tables() -> str:
    """The tables and notes, as the page holds them."""
    families = list(FAMILIES.values())
    parts = [
        _table(("name", "published at, commit", "licence", "here"), map(_who, families)),
        _table(
            ("name", "frames", "size", "own choice", "follows the move by",
             "clocks (weak/strong share of noise)", "few steps"),
            map(_what, families),
        ),
        _table(
            ("name", "plan", "GPU memory", "how"),
            [row for family in families for row in _how(family)],
        ),
        "\n".join(
            f"* `{family.name}`: {' '.join(family.notes)}" for family in families if family.notes
        ),
    ]  # fmt: skip
    return "\n\n".join(parts)


def page(now: str) -> str:
    """The page with fresh tables, and the rest of it as it is.

    Raises:
        ValueError: the two marks are not there.
    """
    before, begin, rest = now.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE} has no place for the tables: {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{tables()}\n\n{END}{after}"


def main(arguments: list[str]) -> int:
    """Write the tables, or with ``--check`` say whether they differ from the declarations."""
    now = PAGE.read_text("utf-8")
    fresh = page(now)
    if "--check" in arguments:
        if fresh != now:
            sys.stderr.write(
                f"{PAGE} differs from the declarations; run python docs/print_models.py\n"
            )
        return 0 if fresh == now else 1
    if fresh != now:
        files.write_atomic(PAGE, fresh.encode("utf-8"))
        sys.stdout.write(f"wrote {PAGE}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
