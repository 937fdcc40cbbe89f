"""A login that is refused: the connector stops, people know within a minute, and the account is not locked.

The database counts each login, as Oracle's audit trail does. A fixture is what happens, in the order in which
it would; tests look at what came of it.
"""

import json
import secrets
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import KafkaAdminClient, UserScramCredentialUpsertion

from connector.domain.health.halt import HALT_KEY
from connector.domain.health.refused import REFUSED_KEY
from connector.domain.stage.stage import Stage
from connector.local import broker, schema
from connector.local.oracle.process import SERVICE
from connector.local.oracle.rights import FAILED_LOGIN_ATTEMPTS
from connector.local.world import World
from tests.support.mailbox import Mail, Mailbox, Sender
from tests.support.project import copy_project
from tests.support.sceptre_cli import Run, sceptre
from tests.support.stage_under_test import StageUnderTest
from tests.support.waiting import wait_for
from tests.support.wms_cli import Done, wms_connector

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

BRANCH = Stage.parse("first-try")
#: A statement that the connector sends every second.
_EVERY_SECOND = "FROM V$THREAD"
#: What a whole story may cost the account; Oracle locks it at the tenth by default.
MOST_LOGINS = 5
#: Longer than Debezium waits between two attempts, so that one that goes on shows.
_NEXT_ATTEMPT_SECONDS = 45.0


class Account:
    """The connector's user in the database."""

    def __init__(self, world: World) -> None:
        self._world = world

    def refused(self, since: float = 0.0) -> list[dict[str, Any]]:
        """The logins that were refused since a time, oldest first."""
        with self._world.database.sys() as session:
            tried: list[dict[str, Any]] = session.admin("logons", name=schema.CDC)
        return [each for each in tried if each["code"] and each["at"] >= since]

    def change(self, password: str) -> None:
        """The DBA gives the user another password."""
        with self._world.database.sys(SERVICE) as session:
            session.execute(f'ALTER USER {schema.CDC} IDENTIFIED BY "{password}"')

    def end_session(self) -> None:
        """The session that mines the log ends at its next statement."""
        with self._world.database.sys() as session:
            session.admin("fault", at=_EVERY_SECOND, drop=True, times=1)

    def learn(self, password: str) -> None:
        """The secret gets the password, as a new version."""
        state = self._world.state
        assert state.database is not None
        state.database.cdc_password = password
        state.save()
        self._world.account.put_secret("default/dbInfo", self._world.database.db_info)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with one branch."""
    return copy_project(tmp_path_factory.mktemp("checkout"), BRANCH.name)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Iterator[World]:
    """Main, launched with roles enforced."""
    with World.up(tmp_path_factory.mktemp("login"), enforce_iam=True) as made:
        made.grant(BRANCH)
        made.database.seed(3)
        for group in ("foundation", "main"):
            run = sceptre(made.env(), "launch", group, "--yes", project=project)
            assert run.status == 0, run.output
        yield made


@pytest.fixture(scope="module")
def main(world: World) -> StageUnderTest:
    """Main, at rest."""
    under_test = StageUnderTest(world)
    under_test.rest()
    return under_test


@pytest.fixture(scope="module")
def account(world: World) -> Account:
    return Account(world)


@pytest.fixture(scope="module")
def mailbox(main: StageUnderTest) -> Iterator[Mailbox]:
    """What main's topic delivers."""
    made = Mailbox(main.world.account.client, main.stage.names.sns_topic)
    yield made
    made.close()


@dataclass(frozen=True)
class Refusal:
    """What came of a lost session whose next login was refused."""

    mail: Mail
    #: From the first refused login to the mail, in seconds.
    seconds: float
    #: Refused logins until well after the stop.
    logins: int
    began: float
    offsets: Sequence[Any]
    more_mails: Sequence[Mail]


@pytest.fixture(scope="module")
def password() -> str:
    """The password that the database has from now on, and the secret has not."""
    return secrets.token_urlsafe(18)


@pytest.fixture(scope="module")
def refusal(main: StageUnderTest, account: Account, mailbox: Mailbox, password: str) -> Refusal:
    """The password is changed in the database, and the session ends."""
    before = main.connect("GET", "/offsets")["offsets"]
    began = time.time()
    account.change(password)
    account.end_session()
    (mail,) = [m for m in mailbox.receive(1, seconds=120) if m.sender is Sender.CHECK]
    arrived = time.time()
    main.wait_for_states("STOPPED")
    first = account.refused(began)[0]["at"]
    time.sleep(_NEXT_ATTEMPT_SECONDS)
    for _ in range(2):
        main.health()
    more = [m for m in mailbox.take() if m.sender is Sender.CHECK]
    return Refusal(mail, arrived - first, len(account.refused(began)), began, before, more)


def test_the_mail_comes_within_a_minute_once_with_class_and_next_step(refusal: Refusal):
    assert refusal.seconds <= 60
    assert refusal.mail.subject == "wms-connector-main: ConnectorStateFailed (login)"
    assert "ORA-01017" in refusal.mail.value("Last error")
    assert "stopped the connector, which keeps its offsets" in refusal.mail.text
    assert "secret wms/default/dbInfo" in refusal.mail.value("Next step")
    assert refusal.more_mails == []


def test_the_account_is_far_from_its_lock(refusal: Refusal, record_property: Any):
    record_property("logins refused after a lost session", refusal.logins)
    record_property("seconds from the first of them to the mail", round(refusal.seconds, 1))
    assert 1 <= refusal.logins <= MOST_LOGINS < FAILED_LOGIN_ATTEMPTS


def test_the_connector_is_stopped_and_its_offsets_are_kept(main: StageUnderTest, refusal: Refusal):
    assert main.states() == ("STOPPED",)
    assert len(main.connect("GET", "/offsets")["offsets"]) == len(refusal.offsets) > 0


def test_the_version_is_remembered_without_anything_confidential(
    main: StageUnderTest, refusal: Refusal, password: str
):
    del refusal
    items = {key: main.item(key) for key in (REFUSED_KEY, HALT_KEY)}
    (entry,) = items[REFUSED_KEY]["refused"]["L"]
    secret = main.world.account.client("secretsmanager").get_secret_value(SecretId="wms/default/dbInfo")
    assert entry["M"]["path"]["S"] == "wms/default/dbInfo"
    assert entry["M"]["version"]["S"] == secret["VersionId"]
    assert items[HALT_KEY]["by"]["S"] == "login"
    for value in (password, json.loads(secret["SecretString"])["password"]):
        assert value not in json.dumps(items)


def test_status_and_verify_say_who_stopped_it_and_why(main: StageUnderTest, refusal: Refusal):
    del refusal
    done = wms_connector(main.world.env(), "verify", "main")
    assert done.status != 0
    assert "the system did that" in done.stdout
    assert "wms/default/dbInfo (version " in done.stdout


@dataclass(frozen=True)
class Refused:
    """What an operator is told, and what it cost."""

    commands: dict[str, Done]
    launch: Run
    logins: int


@pytest.fixture(scope="module")
def tried_again(main: StageUnderTest, account: Account, project: Path, refusal: Refusal) -> Refused:
    """An operator tries everything before the secret is right."""
    before = len(account.refused(refusal.began))
    commands = {name: wms_connector(main.world.env(), name, "main") for name in ("restart", "resume")}
    launch = sceptre(main.world.env(), "launch", "main", "--yes", project=project)
    main.health()
    return Refused(commands, launch, len(account.refused(refusal.began)) - before)


def test_nothing_tries_the_refused_version_again(tried_again: Refused):
    assert tried_again.logins == 0


def test_each_refusal_names_the_secret_its_version_and_the_next_step(tried_again: Refused):
    told = {**{n: d.stderr for n, d in tried_again.commands.items()}, "launch": tried_again.launch.output}
    assert {name: d.status for name, d in tried_again.commands.items() if d.status == 0} == {}
    assert tried_again.launch.status != 0
    for name, text in told.items():
        lines = [line for line in text.splitlines() if "is not tried again" in line]
        assert lines, f"{name}: {text}"
        assert "wms/default/dbInfo (version " in lines[0], name
        assert "wms-connector resume main --retry-login" in lines[0], name


@pytest.fixture(scope="module")
def healed(main: StageUnderTest, account: Account, project: Path, tried_again: Refused, password: str) -> Run:
    """Rows are written meanwhile; then the secret gets the right password, and the stage is launched."""
    del tried_again
    rows = main.new_rows()
    rows.insert(3)
    account.learn(password)
    run = sceptre(main.world.env(), "launch", "main", "--yes", project=project)
    assert run.status == 0, run.output
    rows.insert(2)
    rows.assert_arrived_once()
    return run


def test_with_a_new_version_it_streams_and_nothing_is_lost_or_twice(
    main: StageUnderTest, account: Account, healed: Run, refusal: Refusal
):
    del healed
    main.rest()
    assert len(account.refused(refusal.began)) == refusal.logins
    assert main.item(HALT_KEY)["by"]["S"] == ""


def test_the_end_is_mailed_once(main: StageUnderTest, healed: Run, mailbox: Mailbox):
    del healed
    found: list[str] = []

    def recovered() -> bool:
        main.health()
        found.extend(mail.subject for mail in mailbox.take() if mail.sender is Sender.CHECK)
        return bool(found)

    wait_for(recovered, "a mail of the end", 120)
    assert found == ["wms-connector-main: recovered from ConnectorStateFailed"]


# -- a first launch with a wrong password -----------------------------------------------------------------


@pytest.fixture(scope="module")
def first_try(world: World, account: Account, project: Path, healed: Run) -> tuple[list[Run], int]:
    """A branch with a wrong password of its own is launched, twice."""
    del healed
    wrong = {**world.database.db_info, "password": secrets.token_urlsafe(18)}
    world.account.put_secret(f"{BRANCH.name}/dbInfo", wrong)
    began = time.time()
    group = f"ephemeral/{BRANCH.name}"
    runs = [sceptre(world.env(), "launch", group, "--yes", project=project) for _ in range(2)]
    for _ in range(3):
        # The second one in a row would register the missing connector, which logs in.
        StageUnderTest(world, BRANCH).health()
    return runs, len(account.refused(began))


@pytest.mark.long
def test_a_first_launch_with_a_wrong_password_logs_in_once_and_a_second_one_never(
    first_try: tuple[list[Run], int], record_property: Any
):
    (first, second), logins = first_try
    record_property("logins refused by validation and relaunch", logins)
    assert first.status != 0
    for run in (first, second):
        assert f"wms/{BRANCH.name}/dbInfo (version " in run.output
    assert second.status != 0
    assert "is not tried again" in second.output
    assert 1 <= logins <= 2


@pytest.mark.long
def test_without_its_wrong_secret_the_branch_is_launched_with_the_default_one(
    world: World, project: Path, first_try: tuple[list[Run], int]
):
    del first_try
    world.account.delete_secret(f"{BRANCH.name}/dbInfo")
    run = sceptre(world.env(), "launch", f"ephemeral/{BRANCH.name}", "--yes", project=project)
    assert run.status == 0, run.output
    under_test = StageUnderTest(world, BRANCH)
    under_test.rest()
    (entry,) = under_test.item(REFUSED_KEY)["refused"]["L"]
    assert entry["M"]["path"]["S"] == f"wms/{BRANCH.name}/dbInfo"


# -- a task that starts with a wrong password --------------------------------------------------------------


@pytest.fixture(scope="module")
def restarted(main: StageUnderTest, account: Account, healed: Run, mailbox: Mailbox) -> tuple[int, Mail]:
    """The password is changed again, and an operator restarts the connector before the secret has it."""
    del healed
    mailbox.take()
    account.change(secrets.token_urlsafe(18))
    began = time.time()
    wms_connector(main.world.env(), "restart", "main")
    (mail,) = [m for m in mailbox.receive(1, seconds=120) if m.sender is Sender.CHECK]
    main.wait_for_states("STOPPED")
    time.sleep(_NEXT_ATTEMPT_SECONDS)
    return len(account.refused(began)), mail


@pytest.mark.long
def test_a_task_that_starts_with_a_wrong_password_is_stopped_too(
    restarted: tuple[int, Mail], record_property: Any
):
    logins, mail = restarted
    record_property("logins refused after a start of the task", logins)
    assert mail.subject == "wms-connector-main: ConnectorStateFailed (login)"
    assert 1 <= logins <= MOST_LOGINS


@pytest.mark.long
def test_all_of_it_in_a_row_would_lock_no_account(
    refusal: Refusal, tried_again: Refused, first_try: tuple[list[Run], int], restarted: tuple[int, Mail]
):
    """A lost session, every way of trying again, two first launches and a start of the task."""
    assert refusal.logins + tried_again.logins + first_try[1] + restarted[0] <= MOST_LOGINS


# -- an account that is right again -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def retried(main: StageUnderTest, account: Account, restarted: tuple[int, Mail], password: str) -> Done:
    """The DBA gives the user the password back that the secret has; an operator says that it is right."""
    del restarted
    account.change(password)
    return wms_connector(main.world.env(), "resume", "main", "--retry-login")


@pytest.mark.long
def test_an_operator_has_it_tried_once_more_without_a_launch(main: StageUnderTest, retried: Done):
    assert retried.status == 0, retried.stderr
    main.rest()
    rows = main.new_rows()
    rows.insert(2)
    rows.assert_arrived_once()
    assert main.item(HALT_KEY)["by"]["S"] == ""


# -- a log filter that is missing, or late ------------------------------------------------------------------


@pytest.fixture(scope="module")
def unfiltered(main: StageUnderTest, account: Account, retried: Done, mailbox: Mailbox) -> tuple[int, str]:
    """A minute with a wrong password and without the filter, then a health check: logins, and what it did."""
    del retried
    logs, group = main.world.account.client("logs"), main.stage.names.connector_log_group
    (found,) = logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    name, pattern, function = found["filterName"], found["filterPattern"], found["destinationArn"]
    logs.delete_subscription_filter(logGroupName=group, filterName=name)
    try:
        with main.without_schedule():
            mailbox.take()
            account.change(secrets.token_urlsafe(18))
            began = time.time()
            account.end_session()
            wait_for(lambda: account.refused(began), "a refused login")
            time.sleep(60)
            done = main.health()["done"]
            main.wait_for_states("STOPPED")
            time.sleep(_NEXT_ATTEMPT_SECONDS)
    finally:
        logs.put_subscription_filter(
            logGroupName=group, filterName=name, filterPattern=pattern, destinationArn=function
        )
    return len(account.refused(began)), done


@pytest.mark.long
def test_the_check_stops_what_no_line_has_told_of(unfiltered: tuple[int, str], record_property: Any):
    logins, done = unfiltered
    record_property("logins refused in a minute without the log filter", logins)
    assert "stopped the connector, which keeps its offsets" in done
    assert 2 <= logins <= 3


# -- brokers that refuse the worker -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_brokers(main: StageUnderTest, unfiltered: tuple[int, str], mailbox: Mailbox) -> Mail:
    """The password of the worker's user is changed on the brokers, and the worker is replaced."""
    del unfiltered
    mailbox.take()
    admin = KafkaAdminClient(bootstrap_servers=main.bootstrap)
    changed = UserScramCredentialUpsertion(broker.USER, "SCRAM-SHA-512", secrets.token_urlsafe(18))
    assert admin.alter_user_scram_credentials([changed]) == {broker.USER: None}
    admin.close()
    (worker,) = main.service.workers()
    worker.signal(signal.SIGKILL)
    found: list[Mail] = []

    def mailed() -> list[Mail]:
        found.extend(mailbox.take())
        return [mail for mail in found if "(broker login)" in mail.subject]

    return wait_for(mailed, "a mail about the brokers' login")[0]


@pytest.mark.long
def test_brokers_that_refuse_the_worker_are_mailed_with_its_secret_and_nobody_tries_again(
    main: StageUnderTest, by_brokers: Mail
):
    assert by_brokers.subject == "wms-connector-main: ConnectorStateFailed (broker login)"
    assert "the connector could not be stopped" in by_brokers.text, "Connect does not run"
    paths = [entry["M"]["path"]["S"] for entry in main.item(REFUSED_KEY)["refused"]["L"]]
    assert "wms/default/kafkaCredentials" in paths
    assert "is not tried again" in main.health()["summary"]
