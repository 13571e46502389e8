"""``fleet doctor`` with no cluster: a sound home passes, a made defect fails by its name."""

from __future__ import annotations

import json
from pathlib import Path

from tests.acceptance.cli import fleet


def examined(home: Path) -> tuple[int, dict[str, dict[str, str]]]:
    seen = fleet(home, "doctor", "--json")
    return seen.code, {check["name"]: check for check in json.loads(seen.out)}


def test_a_home_that_nobody_used_yet_is_sound_and_stays_empty(tmp_path: Path) -> None:
    code, found = examined(tmp_path / "home")

    assert code == 0, found
    assert found["cluster"]["figure"].startswith("none")
    assert list((tmp_path / "home").iterdir()) == []


def test_defects_end_the_command_with_its_own_code_and_each_names_a_remedy(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    token = home / "ray_token"
    token.write_text("0" * 64)
    token.chmod(0o644)
    (home / "settings.toml").write_text("generation_slots = 'many'\n")
    (home / "ledger.sqlite3").write_bytes(b"this was a ledger once" * 500)
    (home / "cluster.log").write_text("2026-01-01 ERROR given up: the head died 6 times.\n")

    code, found = examined(home)
    plain = fleet(home, "doctor")

    assert code == 63
    wrong = {name for name, check in found.items() if check["state"] == "fail"}
    assert wrong == {"token", "settings", "ledger"}
    assert "chmod 600" in found["token"]["remedy"]
    assert found["cluster"]["state"] == "warn"
    assert "the head died 6 times" in found["cluster"]["figure"]
    assert plain.code == 63
    assert "3 checks failed" in plain.err


def test_a_cluster_whose_head_is_gone_is_told_with_the_way_back(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "cluster.json").write_text('{"address": "127.0.0.1:1", "folder": "/tmp/mf-gone/r"}')

    code, found = examined(home)

    assert code == 63
    for name in ("cluster", "authentication", "dispatcher"):
        assert found[name]["state"] == "fail"
        assert "fleet up" in found[name]["remedy"]
