"""Nothing confidential can be read anywhere: a stage is launched, breaks, its secrets change, it goes.

Every password of the world is unmistakable and has the signs that others escape; so are the wrong ones. What
the steps print and mail is kept, and all that can be read is searched before the stage is deleted and
after it.
"""

import itertools
import json
import re
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from connector.domain.stage.stage import Stage
from connector.local import broker, schema
from connector.local.oracle.process import SERVICE
from connector.local.world import World
from tests.support import readable
from tests.support.leaks import LeakSearch
from tests.support.mailbox import Mailbox
from tests.support.project import copy_project, set_settings
from tests.support.sceptre_cli import sceptre
from tests.support.stage_under_test import StageUnderTest
from tests.support.waiting import wait_for
from tests.support.wms_cli import wms_connector

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(1500)]

STAGE = Stage.parse("leaks")
GROUP = f"ephemeral/{STAGE.name}"
#: What every made-up password begins and ends with: half of one is found as well.
MARK = "Qz7kCanaryXv9w"
#: Signs that JSON, a URL, HTML or a shell escape. Oracle allows no double quote, Kafka no backslash besides.
SIGNS = "%41&+/=<'"
#: Addresses of brokers that are not there; nothing else names them.
NOWHERE = "127.177.66.55:9096,127.177.66.56:9096"


def _password(name: object) -> str:
    return f"{MARK}-{name}{SIGNS}{MARK}"


#: What a secret is given by mistake, or on a database's side.
WRONG_PASSWORD, NEW_PASSWORD, WRONG_LOGIN = map(_password, ("wrong\\", "new\\", "login"))
ROTATED_PASSWORD, WRONG_ROTATION, MISPLACED = map(_password, ("rotated\\", "wrong rotation\\", "misplaced"))


@dataclass
class Scene:
    """The world, its stage, and what was printed and mailed so far."""

    world: World
    project: Path
    said: list[tuple[str, str]] = field(default_factory=list)
    mailboxes: list[Mailbox] = field(default_factory=list)

    @property
    def under_test(self) -> StageUnderTest:
        return StageUnderTest(self.world, STAGE)

    def sceptre(self, *words: str, fails: bool = False) -> None:
        """Run sceptre, which is to succeed or to fail."""
        run = sceptre(self.world.env(), *words, "--yes", project=self.project)
        self.said.append((f"output of sceptre {' '.join(words)}", run.output))
        assert (run.status != 0) == fails, run.output

    def wms(self, *words: str, stdin: str = "") -> None:
        """Run the command, with --json and without where it has that."""
        for extra in ([], ["--json"]):
            done = wms_connector(self.world.env(), *words, *extra, project=self.project)
            kind = "json" if extra else "output"
            self.said.append((f"{kind} of wms-connector {' '.join(words)}", done.stdout + done.stderr))

    def look(self) -> None:
        """As a person would who wonders what is wrong; the health check too, and its mails."""
        self.said.append(("answer of the health check", json.dumps(self.under_test.health())))
        for command in ("status", "verify", "offsets", "check", "logs"):
            self.wms(command, STAGE.name)
        self.wms("explain", str(self.worker_log()))
        self.mails()

    def mails(self) -> None:
        for mailbox in self.mailboxes:
            self.said += [(f"mail {mail.subject}", f"{mail.subject}\n{mail.text}") for mail in mailbox.take()]

    def worker_log(self) -> Path:
        """Of the newest worker."""
        logs = self.world.logs.glob(f"{STAGE.names.service}-*.log")
        return max(logs, key=lambda path: path.stat().st_mtime)

    def refused_logins(self) -> int:
        """How often the workers' logs name one."""
        logs = self.world.logs.glob(f"{STAGE.names.service}-*.log")
        return sum(path.read_text(encoding="utf-8").count("ORA-01017") for path in logs)

    def secret(self, name: str, value: Any) -> None:
        self.world.account.put_secret(f"{STAGE.name}/{name}", value)


def launched(scene: Scene) -> None:
    scene.sceptre("launch", "foundation")
    scene.sceptre("launch", GROUP)
    client = scene.world.account.client
    scene.mailboxes.append(Mailbox(client, STAGE.names.sns_topic))


def used(scene: Scene) -> None:
    """Rows, and every command that only looks."""
    rows = scene.under_test.new_rows()
    rows.insert(3)
    rows.assert_arrived_once()
    scene.look()
    scene.wms("stage", "show", STAGE.name)
    scene.wms("connector", "config", STAGE.name)
    scene.wms("connector", "diff", STAGE.name)
    scene.wms("secret-script", STAGE.name)
    scene.wms("offsets", STAGE.name, "backup")
    scene.wms("topics", "plan", STAGE.name)
    scene.wms("deployer-policy", STAGE.name)
    scene.wms("ephemeral", "list")
    scene.wms("snapshot", STAGE.name, "--table", f"WMS.{schema.BASE}")
    scene.wms("restart", STAGE.name)


def wrong_password_in_the_secret(scene: Scene) -> None:
    info = scene.world.database.db_info
    scene.secret("dbInfo", {**info, "password": WRONG_PASSWORD})
    scene.sceptre("launch", GROUP, fails=True)
    scene.look()
    scene.secret("dbInfo", info)
    scene.sceptre("launch", GROUP)


def password_changed_in_the_database(scene: Scene) -> None:
    """The running connector's next login is refused; the secret follows."""
    before = scene.refused_logins()
    _set_password(scene.world, NEW_PASSWORD)
    scene.wms("restart", STAGE.name)
    wait_for(lambda: scene.refused_logins() > before, "the login is refused")
    scene.look()
    scene.secret("dbInfo", {**scene.world.database.db_info, "password": NEW_PASSWORD})
    scene.sceptre("launch", GROUP)


def brokers_that_are_not_there(scene: Scene) -> None:
    scene.secret("brokerString", NOWHERE)
    scene.sceptre("launch", GROUP, fails=True)
    scene.look()
    _back_to_the_brokers(scene)


def brokers_that_refuse_the_login(scene: Scene) -> None:
    scene.secret("kafkaCredentials", {"username": broker.USER, "password": WRONG_LOGIN})
    scene.sceptre("launch", GROUP, fails=True)
    scene.look()
    scene.world.account.delete_secret(f"{STAGE.name}/kafkaCredentials")
    _back_to_the_brokers(scene)


def _back_to_the_brokers(scene: Scene) -> None:
    scene.secret("brokerString", _twice(scene.world))
    scene.sceptre("launch", GROUP)


def rotated(scene: Scene) -> None:
    """A right password by itself, a wrong one, and one in the wrong field."""
    info = scene.world.database.db_info
    right = {**info, "password": ROTATED_PASSWORD}
    _set_password(scene.world, ROTATED_PASSWORD)
    for secret in (right, {**info, "password": WRONG_ROTATION}, {**right, "port": MISPLACED}, right):
        scene.secret("dbInfo", secret)
        scene.wms("rotate", STAGE.name, "--check")
        scene.wms("rotate", STAGE.name)
        scene.look()


def killed_worker(scene: Scene) -> None:
    worker = scene.under_test.until_active()
    worker.signal(signal.SIGKILL)
    scene.under_test.rest()
    scene.look()


def drilled(scene: Scene) -> None:
    scene.wms("fire-drill", STAGE.name, "--yes")
    scene.mails()


#: In this order.
STEPS: Sequence[Callable[[Scene], None]] = (
    launched,
    used,
    wrong_password_in_the_secret,
    password_changed_in_the_database,
    brokers_that_are_not_there,
    brokers_that_refuse_the_login,
    rotated,
    killed_worker,
    drilled,
)


def _set_password(world: World, password: str) -> None:
    """As a DBA does with the connector's user."""
    with world.database.sys(SERVICE) as session:
        session.admin("user", name=schema.CDC, password=password)


def _twice(world: World) -> str:
    """A broker string of two entries, so that the whole is told from one broker's address."""
    return ",".join([world.broker_string()] * 2)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose passwords are unmistakable."""
    with pytest.MonkeyPatch.context() as patch:
        # The first is that of the brokers; the script for the DBA takes no signs in the others.
        made_up = itertools.chain([_password("brokers")], (f"{MARK}-{n}-{MARK}" for n in itertools.count(1)))
        patch.setattr("connector.local.world.secrets.token_urlsafe", lambda _: next(made_up))
        made = World.up(tmp_path_factory.mktemp("leaks"))
    with made:
        assert made.state.database is not None
        made.state.database.cdc_password = _password("database\\")
        made.state.save()
        _set_password(made, made.database.cdc_password)
        made.account.put_secret("default/dbInfo", made.database.db_info)
        made.grant(STAGE)
        made.account.put_secret(f"{STAGE.name}/brokerString", _twice(made))
        yield made


@pytest.fixture(scope="module")
def confidential(world: World) -> Mapping[str, str]:
    """Every value by its name."""
    database = world.state.database
    assert database is not None
    key = (world.authority.directory / "authority-key.pem").read_text(encoding="ascii").splitlines()
    string = world.broker_string()
    return {
        "brokers' password": world.state.kafka_password,
        "database password": _password("database\\"),
        "application's password": database.app_password,
        "DBA's password": database.sys_password,
        "wrong password": WRONG_PASSWORD,
        "new password": NEW_PASSWORD,
        "wrong login": WRONG_LOGIN,
        "rotated password": ROTATED_PASSWORD,
        "password that a rotation refused": WRONG_ROTATION,
        "misplaced password": MISPLACED,
        "part of a password": MARK,
        "whole broker string": f"{string},{string}",
        "whole broker string as a list": f"{string}, {string}",
        "whole broker string in quotes": f'{string}", "{string}',
        "wrong broker string": NOWHERE,
        # The first line of such a key is the same in all.
        "authority's key": key[2],
    }


@pytest.fixture(scope="module")
def scene(world: World, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """All steps were taken."""
    project = copy_project(tmp_path_factory.mktemp("checkout"), STAGE.name)
    made = Scene(world, set_settings(project, GROUP, subscribe=True))
    for step in STEPS:
        step(made)
    return made


@pytest.fixture(scope="module")
def seen(scene: Scene) -> list[tuple[str, str | bytes]]:
    """What could be read before the stage was deleted and after it, and what was said; each content once."""
    found = list(readable.everything(scene.world, scene.under_test))
    scene.sceptre("delete", GROUP)
    scene.mails()
    found += [*readable.everything(scene.world), *scene.said, *readable.files(scene.project)]
    return list({(place.partition(" ")[0], content): (place, content) for place, content in found}.values())


def test_every_kind_of_place_was_looked_at(seen: Sequence[tuple[str, str | bytes]]):
    kinds = {place.partition(" ")[0] for place, content in seen if content}
    assert kinds >= readable.KINDS | {"output", "json", "mail", "answer"}


#: Where the local world keeps what AWS's secrets store and a signing authority keep elsewhere.
STORES = ("disk world.json", "disk authority/authority-key.pem")


def test_no_confidential_value_is_anywhere(
    seen: Sequence[tuple[str, str | bytes]], confidential: Mapping[str, str]
):
    search = LeakSearch(confidential)
    leaks = [leak for place, content in seen if place not in STORES for leak in search.find(place, content)]
    assert [str(leak) for leak in leaks] == []


def test_the_stores_have_what_is_looked_for_and_only_their_owner_reads_them(
    world: World, seen: Sequence[tuple[str, str | bytes]], confidential: Mapping[str, str]
):
    """Otherwise the search would look for values that nobody has."""
    search = LeakSearch(confidential)
    stored = {leak.what for place, content in seen if place in STORES for leak in search.find(place, content)}
    assert stored >= {"brokers' password", "application's password", "DBA's password", "authority's key"}
    for place in STORES:
        assert (world.state.directory / place.removeprefix("disk ")).stat().st_mode & 0o077 == 0


#: Files of the brokers and of the database themselves, and of the code, which names that user as an example.
_OWN = (
    "disk brokers/",
    "disk oracle/",
    "disk world.json",
    "disk aws/ministack-lambda-",
    "object wms-foundation-",
)
#: Lines of vendors with a user's name or a broker's address -> where they come from.
VENDORS = {
    re.compile(r"Principal = User:\S+ is Denied operation = "): (
        "org.apache.kafka.metadata.authorizer.StandardAuthorizerData of Kafka 4.3.1, in the brokers' own log"
    ),
}


def test_a_user_s_name_and_a_broker_s_address_stand_in_lines_of_vendors_only(
    world: World, seen: Sequence[tuple[str, str | bytes]]
):
    host = world.broker_string().partition(":")[0]
    named = re.compile("|".join(map(re.escape, (broker.USER, schema.CDC))) + rf"|{re.escape(host)}(?!\d)")
    lines = [
        f"{place}: {line[:200]}"
        for place, content in seen
        if not place.startswith(_OWN)
        for line in (content if isinstance(content, str) else content.decode("utf-8", "replace")).splitlines()
        if named.search(line) and not any(vendor.search(line) for vendor in VENDORS)
    ]
    assert lines == []
