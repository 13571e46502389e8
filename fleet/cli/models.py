"""``fleet models``: the weights of models, which are here, and how the others get here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from fleet.cli.model_rows import declared, flat, in_words, rows_of, size_of
from fleet.cli.output import Column, Output, shown

if TYPE_CHECKING:  # heavy: imported when a command runs
    from fleet.home import Home
    from fleet.weights.catalogue import Entry
    from fleet.weights.fetch import Published
    from fleet.weights.shelf import Shelf
    from fleet.weights.tables import Table

EXAMPLE: Final = "Example: fleet models list --json"
SHOW_EXAMPLE: Final = "Example: fleet models show wan-2.2-i2v-a14b"
FETCH_EXAMPLE: Final = (
    "Example: fleet models fetch wan-2.2-i2v-a14b, or fleet models fetch rife --from RIFEv4.25.zip"
)
WHERE_EXAMPLE: Final = "Example: du -sh $(fleet models where wan-2.2-i2v-a14b)"
VERIFY_EXAMPLE: Final = "Example: fleet models verify wan-2.2-i2v-a14b rife"
REMOVE_EXAMPLE: Final = "Example: fleet models remove rife-4.6"

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Name = Annotated[str, typer.Argument(help="The model's name, as fleet models list shows it.")]

group = typer.Typer(
    name="models",
    help="List the weights of models; fetch, check or remove them.",
    epilog=EXAMPLE,
    no_args_is_help=True,
)


@group.command("list", epilog=EXAMPLE)
def list_(*, json_: AsJson = False) -> None:
    """List the models whose weights can be fetched, and which are on this machine.

    A manifest can name them as generator, interpolator or upscaler; what comes with the fleet
    needs none. States: fetched; given (by settings.toml, or copied here); begun (fetch again to go
    on); changed (it would be refused); missing. A size with ~ is what a fetch would bring, roughly.
    With a * the licence sets terms that are asked for once; where piped, the licence is told.
    """
    output, (_, shelf) = Output(), _here()
    rows = list(rows_of(shelf))
    if json_:
        output.json(rows)
        return
    if not output.is_terminal:
        for row in rows:
            licence = row["licence"] + ("" if row["accepted"] else " (accept)")
            output.row([row["name"], row["state"], size_of(row), licence, row["purpose"]])
        return
    # Licences have long names: a column of them would leave two words a line for the others.
    output.table(
        [Column("Model"), Column("State"), Column("Size", right=True), Column("For", fold=True)],
        [[row["name"], row["state"] + "*" * (not row["accepted"]), size_of(row), row["purpose"]]
         for row in rows],
    )  # fmt: skip
    if not all(row["accepted"] for row in rows):
        output.note("* its licence sets terms, to be accepted once: fleet models show NAME")


@group.command("show", epilog=SHOW_EXAMPLE)
def show(name: Name, *, json_: AsJson = False) -> None:
    """Show all that is known of NAME: what it does best, on what terms, and what of it is here."""
    output, (_, shelf) = Output(), _here()
    _refuse_unknown(name)
    row = next(row for row in rows_of(shelf) if row["name"] == name)
    told = {**row, "declared": declared(name) or None}
    if json_:
        output.json(told)
        return
    output.table(
        [Column("What"), Column("Of this model", fold=True)],
        [[key, value] for key, value in (*flat(row), *in_words(name))],
    )


@group.command("where", epilog=WHERE_EXAMPLE)
def where(name: Name) -> None:
    """Print the path of NAME's weights, for scripts; they are there, or it is an error."""
    from fleet.generate.diffusion.published import REPOSITORIES

    output, (_, shelf) = Output(), _here()
    _refuse_unknown(name)
    find = shelf.find_folder if name in REPOSITORIES else shelf.find
    output.row([str(find(name))])


@group.command("fetch", epilog=FETCH_EXAMPLE)
def fetch(
    name: Name,
    *,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="PATH|URL",
            help="A file as its authors publish it (.pkl, .pth, .safetensors, or a .zip with one), "
            "or its https address; for a video model, a folder with its pipeline; for small "
            "weights over one, their file or folder. By default what its authors publish.",
        ),
    ] = None,
    accept_licence: Annotated[
        bool,
        typer.Option("--accept-licence", help="You read the licence and accept it, once for all."),
    ] = False,
    json_: AsJson = False,
) -> None:  # fmt: skip
    """Put the weights of NAME into the fleet's folder, checked, as safetensors.

    Nothing in a file is executed, and it replaces what is there only when it is found to be
    the model's. Interrupted, the same command goes on. Each node needs its own: fetch there, or
    copy the folder.
    """
    from fleet.generate.diffusion.published import REPOSITORIES
    from fleet.weights.fetch import need_readers, put
    from fleet.weights.shelf import Shelf
    from fleet.weights.stock import FETCHED, stock_of

    output, (home, shelf) = Output(), _here()
    if name in REPOSITORIES:
        from fleet.cli.model_folders import fetch_folder

        fetch_folder(
            REPOSITORIES[name], shelf=shelf, given=from_, accepted=accept_licence, output=output,
            as_json=json_,
        )  # fmt: skip
        _note_settings(name, home, output)
        return
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


@group.command("verify", epilog=VERIFY_EXAMPLE)
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Models; by default all that are here.", show_default=False),
    ] = None,
    *,
    json_: AsJson = False,
) -> None:
    """Hash the weights of NAMES again, and compare them with what they were when they came here.

    A folder that settings.toml names, or that was copied here, is noted, so that loading it need
    not hash it. The exit code is not 0 if anything changed.
    """
    from fleet.generate.diffusion.published import REPOSITORIES
    from fleet.weights.errors import WeightsChanged
    from fleet.weights.stock import BEGUN, MISSING
    from fleet.weights.verifying import WRONG, verify_file, verify_folder

    output, (_, shelf) = Output(), _here()
    for name in names or ():
        _refuse_unknown(name)
    chosen = names or [
        row["name"]
        for row in rows_of(shelf)
        if row["state"] not in {BEGUN, MISSING} and row["kind"] != "lora"
    ]
    found = []
    for name in chosen:
        with output.measured(f"hashing {name}", of_bytes=True) as tell:
            found.append(
                verify_folder(REPOSITORIES[name], shelf, tell=tell, now=datetime.now(UTC))
                if name in REPOSITORIES
                else verify_file(name, shelf, tell=tell)
            )
    if json_:
        output.json([{"name": each.name, "state": each.state, "path": str(each.path),
                      "what": each.what or None} for each in found])  # fmt: skip
    else:
        output.table(
            [Column("Model"), Column("State"), Column("What, or where", fold=True)],
            [[each.name, each.state, each.what or shown(each.path)] for each in found],
        )
    if changed := [each.name for each in found if each.state == WRONG]:
        raise WeightsChanged(names=changed, total=len(found))


@group.command("remove", epilog=REMOVE_EXAMPLE)
def remove(name: Name, *, json_: AsJson = False) -> None:
    """Remove the weights of NAME that were fetched; a file that settings name is never touched."""
    from fleet.generate.diffusion.published import REPOSITORIES
    from fleet.home import find_home
    from fleet.weights import fetch as weights

    output, home = Output(), find_home()
    if name in REPOSITORIES:
        from fleet.cli.model_folders import remove_folder

        removed = remove_folder(name, home)
    else:
        _known(name)
        removed = weights.remove(name, folder=home.models)
    if json_:
        output.json({"name": name, "removed": removed})
    else:
        output.say(f"{name} {'is removed' if removed else 'was not here'}")
    _note_settings(name, home, output)


def _here() -> tuple[Home, Shelf]:
    """The fleet's folder, and its weights as the settings have them."""
    from fleet.home import find_home
    from fleet.settings import load_settings
    from fleet.weights.shelf import Shelf

    home = find_home()
    settings = load_settings(home)
    return home, Shelf(home.models, settings.weights, settings.loras)


def _refuse_unknown(name: str) -> None:
    from fleet.errors import UnknownBackend
    from fleet.generate.diffusion.published import REPOSITORIES
    from fleet.weights.catalogue import CATALOGUE

    if name not in CATALOGUE and name not in REPOSITORIES:
        raise UnknownBackend(kind="model", name=name, known=(*CATALOGUE, *REPOSITORIES))


def _known(name: str) -> tuple[Entry, Callable[[Table], Table]]:
    """The catalogue's entry, and what its weights should be, as ``fetch.put`` asks."""
    from fleet.interpolate.rife.structure import STRUCTURES
    from fleet.upscale.realesrgan.tables import MODELS, told
    from fleet.weights.catalogue import CATALOGUE
    from fleet.weights.tables import nearest

    _refuse_unknown(name)
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
