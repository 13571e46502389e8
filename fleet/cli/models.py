"""``fleet models``: the weights of models, which are here, and how the others get here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from fleet.cli.output import Column, Output, shown

if TYPE_CHECKING:  # heavy: imported when a command runs
    from fleet.home import Home
    from fleet.weights.catalogue import Entry
    from fleet.weights.fetch import Published
    from fleet.weights.tables import Table

EXAMPLE: Final = "Example: fleet models list --json"
FETCH_EXAMPLE: Final = "Example: fleet models fetch rife --from RIFEv4.25.zip"
REMOVE_EXAMPLE: Final = "Example: fleet models remove rife-4.6"

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Name = Annotated[str, typer.Argument(help="The model's name, as fleet models list shows it.")]

group = typer.Typer(
    name="models",
    help="List the weights of models; fetch or remove them.",
    epilog=EXAMPLE,
    no_args_is_help=True,
)


@group.command("list", epilog=EXAMPLE)
def list_(*, json_: AsJson = False) -> None:
    """List the models whose weights can be fetched, and which are on this machine.

    A manifest can name them as interpolator or upscaler; what comes with the fleet needs none.
    """
    from fleet.home import find_home
    from fleet.settings import load_settings
    from fleet.weights.catalogue import CATALOGUE
    from fleet.weights.shelf import Shelf
    from fleet.weights.stock import stock_of

    output, home = Output(), find_home()
    shelf = Shelf(home.models, load_settings(home).weights)
    rows = [(entry, stock_of(entry.name, shelf)) for entry in CATALOGUE.values()]
    if json_:
        output.json(
            [{"name": entry.name, "purpose": entry.purpose, "state": stock.state,
              "path": str(stock.path), "size_bytes": stock.size_bytes, "sha256": stock.sha256,
              "licence": entry.licence, "page": entry.page, "source": entry.source or None,
              "fetched_from": stock.fetched_from} for entry, stock in rows]
        )  # fmt: skip
        return
    output.table(
        [Column("Model"), Column("For", fold=True), Column("State"), Column("Licence"),
         Column("Bytes", right=True), Column("SHA-256"), Column("Path", fold=True)],
        [[entry.name, entry.purpose, stock.state, entry.licence,
          "" if stock.size_bytes is None else str(stock.size_bytes),
          (stock.sha256 or "")[:12], shown(stock.path)] for entry, stock in rows],
    )  # fmt: skip


@group.command("fetch", epilog=FETCH_EXAMPLE)
def fetch(
    name: Name,
    *,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="PATH|URL",
            help="A file as its authors publish it (.pkl, .pth, .safetensors, or a .zip with one), "
            "or its https address; by default what the catalogue knows.",
        ),
    ] = None,
    json_: AsJson = False,
) -> None:  # fmt: skip
    """Put the weights of NAME into the fleet's folder, checked and converted to safetensors.

    Nothing in the file is executed, and it replaces what is there only when it is found to be
    the model's. Each node needs its own: fetch there, or copy the folder.
    """
    from fleet.home import find_home
    from fleet.weights.fetch import need_readers, put
    from fleet.weights.shelf import Shelf
    from fleet.weights.stock import FETCHED, stock_of

    output, home = Output(), find_home()
    need_readers()
    entry, expected = _known(name)
    stock = stock_of(name, Shelf(home.models))
    if from_ is None and stock.state == FETCHED:
        path, sha256, what = stock.path, stock.sha256 or "", "is here already"
    else:
        published = _published(entry, from_, output)
        path, receipt = put(
            published, entry=entry, expected=expected, folder=home.models, now=datetime.now(UTC)
        )
        sha256, what = receipt.sha256, "is here"
    if json_:
        output.json({"name": name, "path": str(path), "sha256": sha256, "source": from_})
    else:
        output.say(f"{name} {what}: {shown(path)} (SHA-256 {sha256})")
    _note_settings(name, home, output)


@group.command("remove", epilog=REMOVE_EXAMPLE)
def remove(name: Name, *, json_: AsJson = False) -> None:
    """Remove the weights of NAME that were fetched; a file that settings name is never touched."""
    from fleet.home import find_home
    from fleet.weights import fetch as weights

    output, home = Output(), find_home()
    _known(name)
    removed = weights.remove(name, folder=home.models)
    if json_:
        output.json({"name": name, "removed": removed})
    else:
        output.say(f"{name} {'is removed' if removed else 'was not here'}")
    _note_settings(name, home, output)


def _known(name: str) -> tuple[Entry, Callable[[Table], Table]]:
    """The catalogue's entry, and what its weights should be, as ``fetch.put`` asks."""
    from fleet.errors import UnknownBackend
    from fleet.interpolate.rife.structure import STRUCTURES
    from fleet.upscale.realesrgan.tables import MODELS, told
    from fleet.weights.catalogue import CATALOGUE
    from fleet.weights.tables import nearest

    if name not in CATALOGUE:
        raise UnknownBackend(kind="model", name=name, known=CATALOGUE)
    if name in STRUCTURES:
        tables = [structure.table() for structure in STRUCTURES[name]]
        return CATALOGUE[name], lambda shapes: nearest(shapes, tables)
    if name in MODELS:
        table = MODELS[name].table()
        return CATALOGUE[name], lambda _: table
    # Any network of the family, of whatever size; what is none lacks what the first of them has.
    first = next(iter(MODELS.values()))
    return CATALOGUE[name], lambda shapes: (told(shapes) or first).table()


def _published(entry: Entry, given: str | None, output: Output) -> Published:
    """The file as it was published, from a path, an address, or where the catalogue says."""
    from fleet.weights.download import download, without_secrets
    from fleet.weights.errors import WeightsUnreachable
    from fleet.weights.fetch import Published
    from fleet.weights.reading import content_of

    source = given or entry.source
    if not source:
        what = "it is served to browsers only: download it there and give the file"
        raise WeightsUnreachable(name=entry.name, source=entry.page, what=what)
    if "://" not in source:
        path = Path(source).expanduser()
        return Published(content_of(path), path, str(path.absolute()))
    with output.measured(f"fetching {entry.name}") as tell:
        data = download(source, name=entry.name, tell=tell)
    told = without_secrets(source)
    return Published(data, Path(told.rpartition("/")[2] or entry.file or entry.name), told)


def _note_settings(name: str, home: Home, output: Output) -> None:
    """Settings that name another file go before the folder: who does not know looks in vain."""
    from fleet.settings import load_settings

    chosen = load_settings(home).weights.get(name)
    if chosen is not None:
        output.note(f"note: settings.toml names {shown(chosen)} for {name}, and that is used")
