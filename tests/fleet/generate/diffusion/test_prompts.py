"""Encoded prompts on disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fleet.generate.diffusion.backend import Diffusion
from fleet.generate.diffusion.families import FAMILIES
from fleet.generate.diffusion.prompts import SUFFIX, Prompts
from fleet.generate.tuning import Tuning
from fleet.weights.shelf import Shelf
from tests.fleet.generate.diffusion.shots import WAN, sha256, shot


class Encoder:
    """Encodes a prompt as its length, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def encode_prompt(
        self,
        prompt: str,
        negative_prompt: str | None = None,
        image: torch.Tensor | None = None,
        device: str | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        del negative_prompt, image, device
        self.asked += 1
        return torch.full((1, 4), float(len(prompt))), None


def test_a_prompt_is_encoded_once_and_comes_back_as_it_was(tmp_path: Path) -> None:
    encoder = Encoder()
    for _ in range(2):  # another process finds it as well
        prompts = Prompts(tmp_path, most_bytes=10_000)
        ask = prompts.remembered(encoder.encode_prompt, encoder="t5", tokenizer=None)
        made, nothing = ask(prompt="sea", device="cpu")

        assert (made.tolist(), nothing) == ([[3.0] * 4], None)
    assert encoder.asked == 1


@pytest.mark.parametrize(
    ("encoder", "words"),
    [("t5", {"prompt": "lake"}), ("t5", {"prompt": "sea", "negative_prompt": "fog"}),
     ("umt5", {"prompt": "sea"})],
    ids=["another prompt", "a negative prompt", "another encoder"],
)  # fmt: skip
def test_what_differs_in_anything_is_encoded_by_itself(
    tmp_path: Path, encoder: str, words: dict[str, str]
) -> None:
    asked = Encoder()
    prompts = Prompts(tmp_path, most_bytes=10_000)
    prompts.remembered(asked.encode_prompt, encoder="t5", tokenizer=None)(prompt="sea")

    prompts.remembered(asked.encode_prompt, encoder=encoder, tokenizer=None)(**words)

    assert asked.asked == 2


def test_a_prompt_that_is_encoded_with_its_picture_is_never_kept(tmp_path: Path) -> None:
    asked = Encoder()
    ask = Prompts(tmp_path, most_bytes=10_000).remembered(
        asked.encode_prompt, encoder="t5", tokenizer=None
    )

    for _ in range(2):
        ask(prompt="sea", image=torch.zeros(1))

    assert asked.asked == 2
    assert not list(tmp_path.iterdir())


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    asked = Encoder()
    entry = 200  # bytes, roughly
    ask = Prompts(tmp_path, most_bytes=3 * entry).remembered(
        asked.encode_prompt, encoder="t5", tokenizer=None
    )
    for age, prompt in enumerate(["a", "bb", "ccc", "dddd", "eeeee"]):
        ask(prompt=prompt)
        for path in tmp_path.iterdir():  # each a second older than the next
            stat = path.stat()
            os.utime(path, (stat.st_atime, stat.st_mtime - 1.0))
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 3 * entry, age
    before = asked.asked

    ask(prompt="eeeee")
    assert asked.asked == before
    ask(prompt="a")
    assert asked.asked == before + 1


def test_an_entry_that_is_found_counts_as_used_now(tmp_path: Path) -> None:
    ask = Prompts(tmp_path, most_bytes=10_000).remembered(
        Encoder().encode_prompt, encoder="t5", tokenizer=None
    )
    ask(prompt="sea")
    (entry,) = tmp_path.glob(f"*{SUFFIX}")
    os.utime(entry, (1.0, 1.0))

    ask(prompt="sea")

    assert entry.stat().st_mtime > 1.0


@pytest.mark.parametrize("damage", [b"", b"not tensors", b"\x08\0\0\0\0\0\0\0{}      "])
def test_an_entry_that_is_damaged_is_encoded_anew(tmp_path: Path, damage: bytes) -> None:
    asked = Encoder()
    ask = Prompts(tmp_path, most_bytes=10_000).remembered(
        asked.encode_prompt, encoder="t5", tokenizer=None
    )
    ask(prompt="sea")
    (entry,) = tmp_path.glob(f"*{SUFFIX}")
    entry.write_bytes(damage)

    assert ask(prompt="sea")[0].tolist() == [[3.0] * 4]
    assert asked.asked == 2


def test_where_nothing_can_be_kept_the_prompt_is_encoded_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    ask = Prompts(tmp_path / "file", most_bytes=10_000).remembered(
        Encoder().encode_prompt, encoder="t5", tokenizer=None
    )

    assert ask(prompt="sea")[0].tolist() == [[3.0] * 4]


def test_a_model_whose_prompt_is_known_does_not_ask_its_text_encoder_and_makes_the_same(
    models: Callable[[str], Path], tmp_path: Path
) -> None:
    shelf, tuning = Shelf(models(WAN).parent), Tuning(cache=tmp_path / "prompts")
    plain = sha256(list(Diffusion(FAMILIES[WAN], shelf).frames(shot())))
    list(Diffusion(FAMILIES[WAN], shelf, tuning).frames(shot()))
    again = Diffusion(FAMILIES[WAN], shelf, tuning)
    list(again.frames(replace(shot(), prompt="a bird")))
    loaded = again._loaded
    assert loaded is not None
    assert loaded.prompts is not None
    loaded.pipeline.text_encoder = None

    assert sha256(list(again.frames(shot()))) == plain
    assert (loaded.prompts.hits, loaded.prompts.misses) == (1, 1)
