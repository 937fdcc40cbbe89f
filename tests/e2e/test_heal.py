"""The health check heals a real failed task, once, however many checks run at the same time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from connector.domain.health.budget import BUDGET_KEY, LIMIT
from connector.domain.health.state import STATE_KEY
from connector.local.world import World
from tests.support.in_process_check import InProcessCheck
from tests.support.mailbox import Mailbox, Sender
from tests.support.sceptre_cli import Run
from tests.support.stage_under_test import StageUnderTest

pytestmark = pytest.mark.e2e

CHECKS = 50
#: The statement with which each round of mining begins. An ended session fails the task, and a restart may
#: help.
_EACH_ROUND = "CURRENT_SCN"
_ENDED = {"at": _EACH_ROUND, "code": 1012, "text": "ORA-01012: not logged on"}


@pytest.fixture
def failed(world: World, main: Run) -> Iterator[StageUnderTest]:
    """Main with a task that fails as soon as it streams, before and after a restart."""
    under_test = StageUnderTest(world)
    with under_test.without_schedule(), world.database.sys() as session:
        session.admin("fault", **_ENDED)
        try:
            under_test.wait_for_states("RUNNING", "FAILED")
            yield under_test
        finally:
            session.admin("clear_faults")
            under_test.connect("POST", "/restart?includeTasks=true")
            under_test.wait_for_states("RUNNING", "RUNNING")
            under_test.delete_items(BUDGET_KEY, STATE_KEY)


@pytest.fixture
def mailbox(world: World, failed: StageUnderTest) -> Iterator[Mailbox]:
    """What the stage's topic delivers."""
    made = Mailbox(world.account.client, failed.stage.names.sns_topic)
    yield made
    made.close()


def test_fifty_checks_at_once_restart_a_failed_task_once_and_never_more_than_three_times_an_hour(
    failed: StageUnderTest, mailbox: Mailbox
):
    health, made = InProcessCheck(failed.world, failed.stage, seconds=120), 0
    for ahead in (0.0, 600.0, 1500.0, 2100.0):
        failed.wait_for_states("RUNNING", "FAILED")
        with ThreadPoolExecutor(CHECKS) as pool:
            answers = list(pool.map(health.check, [ahead] * CHECKS))
        restarts = [
            answer for answer in answers if answer.facts["done"] == "restarted the failed connector or task"
        ]
        assert len(restarts) <= 1
        made += len(restarts)
    assert made == LIMIT
    assert len(failed.item(BUDGET_KEY)["claims"]["L"]) == LIMIT
    subjects = [mail.subject for mail in mailbox.take() if mail.sender is Sender.CHECK]
    assert subjects == ["wms-connector-main: ConnectorTaskFailed (session ended)"]
