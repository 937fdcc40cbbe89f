"""Each procedure of docs/secrets.md, run as it is written there: nobody is refused, and the stage streams."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.local import mailbox, schema
from connector.local.oracle.process import SERVICE
from connector.local.seeds import ALERT_EMAILS
from tests.docs.secrets_page import Kind, procedures
from tests.e2e.secrets_page import NEW_RECIPIENT, RUN, Runner
from tests.faults import fault_testbed
from tests.faults.fault_testbed import FaultTestbed
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(900)]

OWN = "wms/main/dbInfo"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultTestbed]:
    """A world of its own, with an owner of the address who has followed the link in SNS's mail.

    The event of a changed secret is off: the commands of the page do it, or the check that runs each minute.
    """
    with fault_testbed.testbed(tmp_path_factory.mktemp("page"), enforce_iam=True) as there:
        rule = there.stage.names.rule("SecretChanged")
        there.world.account.client("events").disable_rule(Name=rule)
        _confirm(there)
        yield there


def _confirm(made: FaultTestbed) -> None:
    """Who is asked by SNS's mail follows the link."""
    mailbox.confirm(made.world.state.directory, made.world.account.client("sns"))


@pytest.fixture
def runner(made: FaultTestbed, tmp_path: Path) -> Runner:
    """Runs the commands upon a stage that rests."""
    made.under_test.rest()
    return Runner(made.world, made.project, tmp_path)


def _run(made: FaultTestbed, runner: Runner, name: str) -> None:
    """One procedure: nobody is refused, and the stage streams afterwards."""
    RUN[name](runner, _db_info(made))
    for command in procedures()[name]:
        runner.run(command)
    assert _refused(made) == 0
    _streams(made)


def test_other_recipients_are_subscribed_and_no_worker_is_touched(made: FaultTestbed, runner: Runner):
    before = made.under_test.service.task_arns()
    _run(made, runner, "recipients")
    assert made.under_test.service.task_arns() == before
    _confirm(made)
    sns = made.world.account.client("sns")
    (topic,) = (t["TopicArn"] for t in sns.list_topics()["Topics"] if made.stage.names.sns_topic in str(t))
    found = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert {NEW_RECIPIENT, *ALERT_EMAILS} <= {each["Endpoint"] for each in found}


APART = ("recipients", "refused", "second user")


@pytest.mark.parametrize("name", [name for name in RUN if name not in APART])
def test_a_procedure_refuses_nobody_and_the_stage_streams_afterwards(
    made: FaultTestbed, runner: Runner, name: str
):
    _run(made, runner, name)


def test_after_a_refused_login_either_way_of_the_page_helps(made: FaultTestbed, runner: Runner):
    right = _db_info(made)
    rewrite, rotate, again = procedures()["refused"]
    assert [c.kind for c in (rewrite, rotate, again)] == [Kind.SHELL] * 3
    made.world.account.put_secret("main/dbInfo", {**right, "password": "not-the-password"})
    with pytest.raises(AssertionError, match="rotate main"):
        runner.run(rotate)
    runner.write("dbInfo.json", right)
    runner.run(rewrite)
    runner.run(rotate)
    _streams(made)
    # The other way: the account was wrong, not the secret.
    with made.world.database.sys(SERVICE) as session:
        session.execute(f"ALTER USER {schema.CDC} ACCOUNT LOCK")
    runner.run(rewrite)
    with pytest.raises(AssertionError, match="rotate main"):
        runner.run(rotate)
    with made.world.database.sys(SERVICE) as session:
        session.execute(f"ALTER USER {schema.CDC} ACCOUNT UNLOCK")
    with pytest.raises(AssertionError, match="refused"):
        runner.run(rotate)
    runner.run(again)
    _streams(made)


def test_a_second_user_takes_over_from_the_first(made: FaultTestbed, runner: Runner):
    """The last one: the first user is locked afterwards."""
    _run(made, runner, "second user")


def _db_info(made: FaultTestbed) -> dict[str, Any]:
    client = made.world.account.client("secretsmanager")
    return dict(json.loads(client.get_secret_value(SecretId=OWN)["SecretString"]))


def _refused(made: FaultTestbed) -> int:
    """Refused logins in a row, of all users."""
    users = json.loads((made.world.state.directory / "oracle" / "users.json").read_text(encoding="utf-8"))
    return sum(int(user["refused"]) for user in users.values())


def _streams(made: FaultTestbed) -> None:
    wait_for(made.under_test.streams, "the connector streams")
    rows = made.under_test.new_rows()
    rows.insert(3)
    rows.assert_arrived_once()
