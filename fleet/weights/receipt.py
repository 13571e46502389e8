"""What is remembered of weights that were fetched: their hash, asked of the file at every load.

The receipt lies beside the file, ``rife.safetensors.receipt.json``.  A file without one, which
settings name or somebody copied here, is loaded as it is; its hash stands in every meta.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import AwareDatetime, Field, ValidationError

from companions.base import Closed
from companions.files import read_limited
from fleet.weights.errors import WeightsRefused

SUFFIX: Final = ".receipt.json"
_MOST_BYTES: Final = 64 * 1024

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Receipt(Closed):
    """Where a file of weights came from."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    """The model's."""
    source: Annotated[str, Field(max_length=4096)]
    """Path or address it was fetched from."""
    source_sha256: Hash
    """Of the file as it was published, before it was unpacked and converted."""
    sha256: Hash
    """Of the file that lies here."""
    licence: str
    """SPDX name, as the authors state it."""
    fetched_at: Annotated[AwareDatetime, Field(strict=False)]
    """When."""


def receipt_path(path: Path) -> Path:
    """Where the receipt of ``path`` lies."""
    return path.with_name(path.name + SUFFIX)


def receipt_of(path: Path) -> Receipt | None:
    """The receipt of ``path``; None: it was not fetched.

    Raises:
        WeightsRefused: there is one that cannot be read.
    """
    try:
        return Receipt.model_validate_json(read_limited(receipt_path(path), limit=_MOST_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise WeightsRefused(
            path=receipt_path(path),
            what="is no receipt that can be read",
            remedy="Fetch the weights again: fleet models fetch NAME.",
        ) from error


def check_receipt(path: Path, *, sha256: str) -> None:
    """Refuse ``path``, whose hash is ``sha256``, if it was another when it was fetched.

    Raises:
        WeightsRefused: it was, or its receipt cannot be read.
    """
    receipt = receipt_of(path)
    if receipt is not None and receipt.sha256 != sha256:
        raise WeightsRefused(
            path=path,
            what=f"changed since it was fetched (SHA-256 {sha256[:12]}, not {receipt.sha256[:12]})",
            remedy=f"Fetch it again: fleet models fetch {receipt.name}.",
        )
