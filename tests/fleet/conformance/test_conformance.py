"""Other implementations are held against the suite, and none passes that should not."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from companions import schema
from fleet.conformance.run import CommandUnusable, Validator, parse_command
from fleet.conformance.suite import SUITE, read_suite
from tests.acceptance.cli import Ran, command, environment, fleet

CHECK_JSONSCHEMA = Path(sys.executable).with_name("check-jsonschema")
BY_SCHEMA = f"{shlex.quote(str(CHECK_JSONSCHEMA))} --schemafile {{schema}} {{file}}"
OURS = f"{shlex.quote(sys.executable)} -m fleet companions validate {{file}} --kind {{kind}}"


def part_of_the_suite(folder: Path, *, every: int) -> Path:
    """A suite with each ``every``-th case of ours, and the whole list."""
    for case in read_suite(SUITE).cases[::every]:
        target = folder / case.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SUITE / case.path, target)
    (folder / "beyond_schema.json").write_bytes((SUITE / "beyond_schema.json").read_bytes())
    return folder


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return part_of_the_suite(tmp_path / "suite", every=48)


def ask(suite: Path, validator: str, *options: str | Path) -> Ran:
    home = suite.parent / "home"
    arguments = ("companions", "conformance", "--validator", validator, "--suite", suite)
    return fleet(home, *arguments, *options)


def all_of(ran: Ran) -> Any:
    return ran.json()["rows"][-1]


def test_check_jsonschema_over_the_published_schemas_agrees_up_to_what_a_schema_can_say(
    small: Path,
) -> None:
    ran = ask(small, BY_SCHEMA, "--schema-only", "--json")

    assert (ran.code, ran.json()["disagreements"]) == (0, []), ran.err
    accepted, refused = all_of(ran)["valid_accepted"], all_of(ran)["invalid_refused"]
    assert accepted[0] == accepted[1] >= 2
    assert refused[0] == refused[1] >= 10


def test_held_to_everything_a_schema_is_found_to_be_too_little(small: Path) -> None:
    ran = ask(small, BY_SCHEMA, "--json")

    assert ran.code == 49
    wrong = ran.json()["disagreements"]
    assert wrong
    for each in wrong:
        assert (each["should_be"], each["answer"]) == ("refused", "accepted")
        assert each["beyond_schema"]


def test_our_own_reader_agrees_with_everything(small: Path) -> None:
    ran = ask(small, OURS, "--json")

    assert (ran.code, ran.json()["disagreements"]) == (0, []), ran.err
    assert all_of(ran)["beyond_schema_refused"][0] == all_of(ran)["beyond_schema_refused"][1] > 0


@pytest.mark.parametrize(("liar", "wrongly"), [("true", "accepted"), ("false", "refused")])
def test_a_validator_that_always_says_the_same_is_found_out(
    small: Path, liar: str, wrongly: str
) -> None:
    for options in ((), ("--schema-only",)):
        ran = ask(small, liar, "--json", *options)

        assert ran.code == 49
        assert {each["answer"] for each in ran.json()["disagreements"]} == {wrongly}
        assert "cases did not get the right answer" in ran.err


def test_a_validator_that_dies_or_hangs_has_not_refused_anything(tmp_path: Path) -> None:
    suite = part_of_the_suite(tmp_path / "suite", every=400)
    dying = ask(suite, "sh -c 'echo so long; kill -9 $$'", "--json")
    hanging = ask(suite, "sh -c 'sleep 600 & sleep 600'", "--json", "--timeout", "0.3")

    for ran, said in ((dying, "died by SIGKILL. so long"), (hanging, "no answer within 0.3 s")):
        assert ran.code == 49
        assert all_of(ran)["unanswered"] == all_of(ran)["disagreements"] == 3
        for each in ran.json()["disagreements"]:
            assert (each["answer"], each["said"]) == ("no answer", said)


@pytest.mark.parametrize(
    ("validator", "says"),
    [
        ("", "the command is empty"),
        ("'open", "cannot be split into words"),
        ("check {flie}", "there is no {flie}"),
        ("/no/such/program {file}", "'/no/such/program' cannot be started (No such file"),
        ("/ {file}", "cannot be started"),
    ],
)
def test_a_command_that_cannot_be_run_is_told_and_is_no_refusal(
    small: Path, validator: str, says: str
) -> None:
    ran = ask(small, validator)

    assert (ran.code, ran.out) == (2, "")
    assert says in " ".join(ran.err.replace("│", " ").split())


def test_the_command_is_given_words_and_no_shell(tmp_path: Path) -> None:
    suite = part_of_the_suite(tmp_path / "a 'suite'; $(exit 1)", every=700)
    program = tmp_path / "my checker.py"
    program.write_text("import sys; print('|'.join(sys.argv[1:])); sys.exit(3)")
    validator = f"{sys.executable} '{program}' {{kind}} v{{version}} '{{file}}' '{{schema}} $HOME;'"

    ran = ask(suite, validator, "--json")

    told = {each["case"]: each["said"] for each in ran.json()["disagreements"]}
    for case in read_suite(suite).cases:
        if case.valid:
            published = schema.FOLDER / f"{case.kind}.v{case.version}.schema.json"
            words = [case.kind, f"v{case.version}", str(suite / case.path), f"{published} $HOME;"]
            # Shortened, as whatever a stranger's program says.
            assert told[case.path][:70] == "|".join(words)[:70]


def test_a_suite_without_cases_and_a_folder_without_schemas_are_named(
    small: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()

    no_cases = ask(tmp_path / "empty", "true")
    no_schemas = ask(small, BY_SCHEMA, "--schemas", tmp_path / "empty")

    assert no_cases.code == no_schemas.code == 10
    assert "holds no cases" in no_cases.err
    assert "schema.json cannot be used:\n  is not there" in no_schemas.err


def test_a_broken_list_of_what_is_beyond_the_schema_is_named(small: Path) -> None:
    (small / "beyond_schema.json").write_text('{"rectangle": {"rule": "words"}}')

    ran = ask(small, "true")

    assert ran.code == 10
    assert "beyond_schema.json cannot be used:\n  rectangle.cases: is missing" in ran.err


def test_the_table_is_for_people_and_for_cut(small: Path) -> None:
    ran = ask(small, "true")

    rows = [line.split("\t") for line in ran.out.splitlines()]
    assert [row[0] for row in rows[:6]] == [*map(" ".join, kinds_of(small)), "all"]
    assert all(len(row) == 6 for row in rows[:6])
    assert all(row[1] == "accepted" for row in rows[6:])


def kinds_of(suite: Path) -> Iterator[tuple[str, str]]:
    for folder in sorted(suite.glob("*/v*")):
        yield folder.parent.name, folder.name


def test_whoever_stops_early_leaves_no_process_behind(tmp_path: Path) -> None:
    suite = read_suite(part_of_the_suite(tmp_path / "suite", every=100))
    marks = tmp_path / "marks"
    marks.mkdir()
    first, *_ = (str(suite.file_of(case)) for case in suite.cases)
    script = tmp_path / "slow.py"
    script.write_text(
        "import os, sys, time\n"
        f"open(os.path.join({str(marks)!r}, str(os.getpid())), 'w').close()\n"
        f"sys.exit(0) if sys.argv[1] == {first!r} else time.sleep(600)\n"
    )
    validator = Validator(
        parse_command(f"{sys.executable} {script} {{file}}"),
        suite=suite,
        schemas=schema.FOLDER,
        timeout_s=600,
    )

    replies = validator.replies(jobs=4)
    next(replies)
    replies.close()

    for mark in marks.iterdir():
        with pytest.raises(ProcessLookupError):
            os.kill(int(mark.name), 0)


def test_ctrl_c_ends_the_command_and_what_it_started(tmp_path: Path) -> None:
    suite = part_of_the_suite(tmp_path / "suite", every=100)
    fifo = tmp_path / "started"
    os.mkfifo(fifo)
    validator = f"sh -c 'echo $$ > {fifo}; exec sleep 600'"
    arguments = ("companions", "conformance", "--validator", validator, "--suite", suite)
    with subprocess.Popen(
        command(*arguments, "--jobs", "1"), env=environment(tmp_path), stderr=subprocess.PIPE
    ) as process:
        started = int(fifo.read_text())
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert b"Traceback" not in err
    with pytest.raises(ProcessLookupError):
        os.kill(started, 0)


@pytest.mark.parametrize("text", ["", "  ", "a 'b", "a {schemas}"])
def test_a_command_is_looked_at_before_anything_is_run(text: str) -> None:
    with pytest.raises(CommandUnusable):
        parse_command(text)


def with_file(name: str, source: str) -> Callable[[Path], Path]:
    def put(folder: Path) -> Path:
        target = folder / name
        shutil.copy(SUITE / source, target)
        return target

    return put


WHOLE, INVERTED = "motion/v1/valid/whole.json", "motion/v1/invalid/rect-inverted.json"
VALIDATED = {
    "by its name": (with_file("a.motion.json", WHOLE), [], 0, "valid motion v1"),
    "by what it says": (with_file("a.json", WHOLE), [], 0, "valid motion v1"),
    "by what is asked": (with_file("a.json", WHOLE), ["--kind", "motion"], 0, "valid motion v1"),
    "an early manifest without its pictures": (
        with_file("a.json", "video_manifest/v0/valid/early-sample.json"),
        [],
        0,
        "valid video_manifest v0",
    ),
    "a wrong one": (with_file("a.motion.json", INVERTED), [], 10, "start_rect: rectangle is"),
    "of another kind by its name": (with_file("a.review.json", WHOLE), [], 10, "be a 'review'"),
    "of another kind than asked": (
        with_file("a.json", WHOLE),
        ["--kind", "review"],
        10,
        "kind: is 'motion'",
    ),
    "of no kind": (
        with_file("a.json", "motion/v1/invalid/kind-missing.json"),
        [],
        10,
        "kind: is missing",
    ),
    "of an unknown kind": (
        with_file("a.json", "video_manifest/v1/invalid/kind-unknown.json"),
        [],
        10,
        "must be one of motion, review, video_manifest, video_meta",
    ),
    "too new": (
        with_file("a.json", "motion/v1/invalid/version-newer.json"),
        [],
        11,
        "this motion is version 2",
    ),
    "not there": (lambda folder: folder / "none.motion.json", [], 10, "No such file"),
    "asked for what does not exist": (
        with_file("a.json", WHOLE),
        ["--kind", "film"],
        2,
        "must be one of",
    ),
}


@pytest.mark.parametrize(("put", "options", "code", "says"), VALIDATED.values(), ids=VALIDATED)
def test_a_document_is_validated(
    tmp_path: Path, put: Callable[[Path], Path], options: list[str], code: int, says: str
) -> None:
    ran = fleet(tmp_path / "home", "companions", "validate", put(tmp_path), *options)

    assert ran.code == code
    assert says in ran.out + ran.err


def test_of_several_documents_each_is_told(tmp_path: Path) -> None:
    good = with_file("good.motion.json", WHOLE)(tmp_path)
    bad = with_file("bad.motion.json", INVERTED)(tmp_path)
    new = with_file("new.motion.json", "motion/v1/invalid/version-newer.json")(tmp_path)

    ran = fleet(tmp_path / "home", "companions", "validate", bad, good, new, "--json")

    assert ran.code == 11
    assert [(row["file"], row.get("error"), row.get("version")) for row in ran.json()] == [
        (str(bad), "document_invalid", None),
        (str(good), None, 1),
        (str(new), "document_too_new", None),
    ]
