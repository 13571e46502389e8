"""Settings: defaults that work, and words for what cannot be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet.errors import SettingsInvalid
from fleet.settings import Home, Settings, load_settings


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load_settings(Home(tmp_path)) == Settings()


def test_what_the_file_says_wins(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("generation_slots = 3\nmax_attempts = 5\n")

    settings = load_settings(Home(tmp_path))

    assert settings.generation_slots == 3
    assert settings.retry.max_attempts == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("slots = 3", "slots"),
        ("max_attempts = 0", "max_attempts"),
        ("max_attempts = 'many'", "max_attempts"),
        ("max_attempts = ", "not TOML"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_in_words(
    tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "settings.toml").write_text(text)

    with pytest.raises(SettingsInvalid) as refused:
        load_settings(Home(tmp_path))

    assert words in str(refused.value)
    assert "settings.toml" in str(refused.value)
