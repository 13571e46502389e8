"""A restricted key syncs and does nothing else: the real lines, a real sshd, the real rrsync."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fleet.errors import FleetError
from fleet.settings import Host, Settings
from fleet.sync.desk.reach import Reached, reach
from fleet.sync.far.gate import Refuse, RunRsync, Serve, judge
from fleet.sync.transport.base import Item, Pace, Stop
from fleet.sync.wire.results import AskResults, ResultsFound
from fleet.sync.wire.sets import Given, Let, Sent, Verified, Wanted
from tests.fleet.sync.far.talk import LABEL, offer_of, published, tree_of
from tests.fleet.sync.sshd import Sshd

EXAMPLE = Path(__file__).parents[4] / "deploy" / "authorized_keys.example"
FILES = {"a/one.jpg": b"one" * 1000, "two 'x' $(y).png": b"two"}
INBOX, OUTBOX = Path("/in"), Path("/out")
SET_ID = "0123456789abcdef"


@pytest.mark.parametrize(
    "command",
    [
        "fleet receive",
        "/opt/my\\ fleet/bin/fleet receive --inbox /etc --outbox /",
        "python -m fleet receive",
    ],
)
def test_the_conversation_is_served_whatever_the_desk_calls_it(command: str) -> None:
    assert judge(command, inbox=INBOX, outbox=OUTBOX) == Serve()


def test_files_may_be_sent_into_one_arriving_set_alone() -> None:
    command = f"rsync --server -logDtpre.iLsfxCIvu --timeout=60 --partial-dir=.p . {SET_ID}/"

    assert judge(command, inbox=INBOX, outbox=OUTBOX) == RunRsync(
        ("-wo", "-munge", "-no-del"),
        INBOX / ".arriving" / SET_ID,
        "rsync --server -logDtpre.iLsfxCIvu --timeout=60 --partial-dir=.p . ./",
    )


def test_files_may_be_fetched_from_the_outbox_alone() -> None:
    command = f"rsync --server --sender -re.LsfxCIvu --files-from=- . {LABEL}/"

    assert judge(command, inbox=INBOX, outbox=OUTBOX) == RunRsync(("-ro",), OUTBOX, command)


@pytest.mark.parametrize(
    "command",
    [
        "",
        "   ",
        "'unbalanced",
        "bash -i",
        "fleet status",
        "receive",
        "fleet receive; rm -rf /",
        "fleet receive --inbox /etc extra",
        "rsync --server . receive",
        "/usr/lib/openssh/sftp-server",
        "internal-sftp",
        "scp -t /etc/passwd",
        f"rsync --server -e.x . {SET_ID}/ /etc",
        f"rsync --server -e.x . {SET_ID}/../../{LABEL}/",
        "rsync --server -e.x . /etc/",
        f"rsync --server -e.x . {LABEL}/",
        f"rsync --server --sender -e.x . {LABEL}/ /etc",
        "rsync --server --sender -e.x . ../home/",
        f"rsync --server --sender -e.x . {SET_ID}/\n/etc",
        f"rsync --daemon . {SET_ID}/",
    ],
)
def test_anything_else_is_refused(command: str) -> None:
    assert isinstance(judge(command, inbox=INBOX, outbox=OUTBOX), Refuse)


def line_of_the_example(number: int, **places: str) -> str:
    """The options of the example's line ``number``, with this machine's places in it."""
    lines = [
        line
        for line in EXAMPLE.read_text().splitlines()
        if line.strip() and not line.startswith("#")
    ]
    options = re.sub(r" ssh-ed25519 .*", "", lines[number - 1])
    for name, here in places.items():
        there = {"fleet": "/opt/motionfleet/bin/fleet", "root": "/srv/motionfleet"}[name]
        assert there in options
        options = options.replace(there, here)
    return options


@pytest.fixture
def gated(host: Sshd) -> Sshd:
    """A server that lets our key through the gate alone, by the example's first line."""
    host.authorize(line_of_the_example(1, fleet=f"{sys.executable} -m fleet", root=str(host.home)))
    return host


def settings(host: Sshd, transport: str = "auto") -> Settings:
    """A desk's settings for the host."""
    return Settings(
        hosts={"colo": Host.model_validate({"ssh_config": host.config, "transport": transport})}
    )


def ssh(host: Sshd, *command: str) -> subprocess.CompletedProcess[str]:
    """``command`` asked for over ssh."""
    return subprocess.run(
        ["ssh", "-F", str(host.config), "-oBatchMode=yes", "colo", *command],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60.0,
    )  # fmt: skip


def rsync(host: Sshd, *arguments: str) -> subprocess.CompletedProcess[str]:
    """rsync with the host."""
    return subprocess.run(
        ["rsync", "-e", f"ssh -F {host.config} -oBatchMode=yes", *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60.0,
    )  # fmt: skip


def send(reached: Reached, source: Path, into: str, paths: tuple[str, ...]) -> None:
    """What a push does between the offer and its end."""
    items = [Item(path, (source / path).stat().st_size) for path in paths]
    reached.transport.send(items, source=source, destination=into, pace=Pace(), stop=Stop())


def test_through_the_gate_a_set_goes_in_and_results_come_out(gated: Sshd, tmp_path: Path) -> None:
    for path, data in FILES.items():
        (tmp_path / "desk" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "desk" / path).write_bytes(data)
    offer = offer_of(FILES)
    clip = gated.home / "outbox" / LABEL / "a/one.mp4"
    clip.parent.mkdir(parents=True)
    clip.write_bytes(b"clip")
    clip.with_name("one.video_meta.json").write_text("{}")

    with reach("colo", settings=settings(gated)) as reached:
        assert reached.welcome.restricted
        assert reached.transport.name == "rsync"
        wanted = reached.conversation.ask(offer, Wanted)
        send(reached, tmp_path / "desk", wanted.into, wanted.missing)
        verified = reached.conversation.ask(
            Sent(set_id=offer.set_id), Verified, meanwhile=lambda _: None
        )
        found = reached.conversation.ask(
            AskResults(label=LABEL, pictures=("a/one.jpg",)), ResultsFound
        )
        incoming = tmp_path / "incoming"
        incoming.mkdir()
        reached.transport.fetch(
            [Item("a/one.mp4", 4)], source=found.outbox, destination=incoming,
            pace=Pace(), stop=Stop(),
        )  # fmt: skip

    assert verified.published
    assert tree_of(published(gated.home, offer)) == {
        **FILES,
        offer.manifest_name: offer.manifest.encode(),
    }
    assert tree_of(incoming) == {"a/one.mp4": b"clip"}


def test_the_gate_refuses_a_shell_sftp_and_other_places_and_writes_it_down(
    gated: Sshd, tmp_path: Path
) -> None:
    (gated.home / "inbox" / LABEL / SET_ID).mkdir(parents=True)
    (gated.home / "secret").write_text("secret")
    (tmp_path / "mine").write_text("mine")

    tried = [
        ssh(gated),
        ssh(gated, "touch", str(tmp_path / "was-here")),
        ssh(gated, f"rsync --server --sender -re.LsfxC . {gated.home}/"),
        rsync(gated, str(tmp_path / "mine"), f"colo:{LABEL}/{SET_ID}/"),
        rsync(gated, str(tmp_path / "mine"), f"colo:{gated.home}/inbox/"),
        rsync(gated, f"colo:{gated.home}/secret", str(tmp_path / "stolen")),
        rsync(gated, "colo:../secret", str(tmp_path / "stolen")),
    ]

    assert all(done.returncode != 0 for done in tried)
    assert all("this key may do nothing but sync" in done.stderr for done in tried)
    assert not (tmp_path / "was-here").exists()
    assert not (tmp_path / "stolen").exists()
    assert not tree_of(gated.home / "inbox")
    log = (gated.home / "gate.log").read_text().splitlines()
    assert len(log) == len(tried)
    assert "touch" in log[1]
    assert "127.0.0.1" in log[1]


def test_sftp_through_the_gate_ends_in_words(gated: Sshd, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    with (
        pytest.raises(FleetError),
        reach("colo", settings=settings(gated, "sftp")) as reached,
    ):
        send(reached, tmp_path, str(tmp_path / "stolen"), ("x",))

    assert not (tmp_path / "stolen").exists()


def test_rsync_may_not_write_where_no_set_arrives(gated: Sshd, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")

    done = rsync(gated, str(tmp_path / "mine"), f"colo:{SET_ID}/")

    assert done.returncode != 0
    assert "no set arrives in" in done.stderr
    assert not tree_of(gated.home / "inbox")


def test_a_hostile_desk_gets_no_link_and_no_deletion_through(gated: Sshd, tmp_path: Path) -> None:
    offer = offer_of(FILES)
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "link").symlink_to("/etc")
    (tmp_path / "desk" / "in-link").mkdir()
    with reach("colo", settings=settings(gated)) as reached:
        into = gated.home / "inbox/.arriving" / reached.conversation.ask(offer, Wanted).into

        sent = rsync(gated, "-rl", f"{tmp_path}/desk/", f"colo:{offer.set_id}/")
        through = rsync(gated, str(EXAMPLE), f"colo:{offer.set_id}/link/")
        deleted = rsync(gated, "-r", "--delete", f"{tmp_path}/desk/", f"colo:{offer.set_id}/")

        assert sent.returncode == 0
        assert not Path("/etc/authorized_keys.example").exists()
        assert through.returncode != 0
        assert deleted.returncode != 0
        assert not (into / "link").exists(), "a link that leads nowhere"
        given = Given(set_id=offer.set_id)
        assert reached.conversation.ask(given, Let, meanwhile=lambda _: None)


def test_the_examples_plain_rrsync_lines_hold_rsync_to_their_folder(
    host: Sshd, tmp_path: Path
) -> None:
    (tmp_path / "mine").write_text("mine")
    for folder in ("inbox", "outbox"):
        (host.home / folder).mkdir()
    (host.home / "outbox/clip").write_text("clip")

    host.authorize(line_of_the_example(3, root=str(host.home)))
    into = rsync(host, str(tmp_path / "mine"), "colo:")
    out_of = rsync(host, "colo:mine", str(tmp_path / "stolen"))
    shell = ssh(host, "id")
    host.authorize(line_of_the_example(4, root=str(host.home)))
    fetched = rsync(host, "colo:clip", str(tmp_path / "clip"))
    written = rsync(host, str(tmp_path / "mine"), "colo:")

    assert [into.returncode, fetched.returncode] == [0, 0]
    assert (host.home / "inbox/mine").read_text() == "mine"
    assert (tmp_path / "clip").read_text() == "clip"
    assert 0 not in {out_of.returncode, shell.returncode, written.returncode}


def test_the_examples_second_line_sets_the_home(host: Sshd, tmp_path: Path) -> None:
    options = line_of_the_example(
        2, fleet=f"{sys.executable} -m fleet", root=str(tmp_path / "srv")
    ).replace("203.0.113.0/24", "127.0.0.1")
    host.authorize(options)

    with reach("colo", settings=settings(host)) as reached:
        assert reached.welcome.inbox == str(tmp_path / "srv/home/inbox")
        assert reached.welcome.restricted
