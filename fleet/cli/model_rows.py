"""What ``fleet models`` tells of each model: for machines in rows, for people in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:  # heavy: imported when a command runs
    from fleet.weights.catalogue import Entry
    from fleet.weights.repository import Repository
    from fleet.weights.shelf import Shelf
    from fleet.weights.stock import Stock


_IN_ROW: Final = frozenset({"title", "repository", "licence"})


def rows_of(shelf: Shelf) -> Iterator[dict[str, Any]]:
    """What ``list --json`` tells of each model, and of each LoRA that settings name."""
    from fleet.generate.diffusion.published import REPOSITORIES
    from fleet.weights.catalogue import CATALOGUE
    from fleet.weights.licences import not_accepted
    from fleet.weights.stock import folder_stock, lora_stock, stock_of

    for repository in REPOSITORIES.values():
        accepted = not not_accepted(repository, folder=shelf.folder)
        stock = folder_stock(repository.name, shelf)
        yield _row(
            repository, stock, kind="folder", source=repository.page, accepted=accepted,
            published_bytes=repository.total_bytes or None,
        )  # fmt: skip
    for entry in CATALOGUE.values():
        yield _row(entry, stock_of(entry.name, shelf), kind="file", source=entry.source or None)
    for name in shelf.loras:
        stock = lora_stock(name, shelf)
        yield {"name": name, "kind": "lora", "purpose": "LoRA of settings.toml",
               "state": stock.state, "path": str(stock.path), "size_bytes": stock.size_bytes,
               "published_bytes": None, "sha256": None, "revision": None, "licence": "",
               "accepted": True, "page": None, "source": None, "fetched_from": None}  # fmt: skip


def _row(
    model: Entry | Repository, stock: Stock, *, kind: str, source: str | None,
    accepted: bool = True, published_bytes: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "name": model.name, "kind": kind, "purpose": model.purpose, "state": stock.state,
        "path": str(stock.path), "size_bytes": stock.size_bytes,
        "published_bytes": published_bytes, "sha256": stock.sha256,
        "revision": stock.revision, "licence": model.licence, "accepted": accepted,
        "page": model.page, "source": source, "fetched_from": stock.fetched_from,
    }  # fmt: skip


def flat(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is known of a row, for people: each thing once."""
    once = {"size_bytes": size_of(row), "published_bytes": None, "kind": None, "accepted": None}
    if row["source"] == row["page"]:
        once["source"] = None
    if not row["accepted"]:
        accept = f"fleet models fetch {row['name']} --accept-licence"
        once["licence"] = f"{row['licence']}, with terms to be accepted once: {accept}"
    for key, each in {**row, **once}.items():
        if each is not None and each != "":
            yield {"size_bytes": "weights"}.get(key, key).replace("_", " "), str(each)


def in_words(name: str) -> tuple[tuple[str, str], ...]:
    """What the family ``name`` declares, for people, but for what its row has; empty for what is
    no family."""
    from fleet.generate.diffusion.families import FAMILIES
    from fleet.generate.diffusion.telling import told

    if name not in FAMILIES:
        return ()
    # What is here may be of another: the user's own.
    labels = {"revision": "declared commit"}
    rows = told(FAMILIES[name])
    return tuple((labels.get(label, label), text) for label, text in rows if label not in _IN_ROW)


def declared(name: str) -> dict[str, Any]:
    """All that the family ``name`` declares, as JSON can hold it; empty for what is no family."""
    from fleet.generate.diffusion.families import FAMILIES

    family = FAMILIES.get(name)
    return {} if family is None else _plain(family)


def _plain(value: Any) -> Any:  # noqa: ANN401  (of whatever a declaration is made)
    from enum import Enum

    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Enum):
        return value.value if isinstance(value, str) else value.name.lower()
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(each) for key, each in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(_plain(each) for each in value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def size_of(row: Mapping[str, Any]) -> str:
    """How large it is; where it is not here, about how large what is published is, if known."""
    if row["size_bytes"] is not None:
        return size(row["size_bytes"])
    about = row["published_bytes"]
    return f"~{about / 1e9:.0f} GB" if about is not None else ""


def size(size_bytes: int) -> str:
    """A size as people read it, in powers of ten, as disks are sold and hubs tell it."""
    amount = float(size_bytes)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
