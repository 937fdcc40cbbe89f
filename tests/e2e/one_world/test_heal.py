"""The health check heals a real failed task, once, however many checks run at the same time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from connector.domain.health.budget import BUDGET_KEY, LIMIT
from connector.domain.health.error_classes import classify
from connector.domain.health.state import STATE_KEY
from connector.local.world import World
from tests.support.in_process_check import InProcessCheck
from tests.support.mailbox import Mailbox, Sender
from tests.support.sceptre_cli import Run
from tests.support.stage_under_test import StageUnderTest
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

#: How many checks run at the same time: for each change, and each night.
OFTEN, MANY = 8, 50
#: The statement with which each round of mining begins. An ended session fails the task, and a restart may
#: help.
_EACH_ROUND = "CURRENT_SCN"
_ENDED = {"at": _EACH_ROUND, "code": 1012, "text": "ORA-01012: not logged on"}


@pytest.fixture
def failed(world: World, main: Run) -> Iterator[StageUnderTest]:
    """Main with a task that fails as soon as it streams, before and after a restart."""
    under_test = StageUnderTest(world)
    with under_test.without_checks(), world.database.sys() as session:
        session.admin("fault", **_ENDED)
        try:
            under_test.wait_for_states("RUNNING", "FAILED")
            yield under_test
        finally:
            session.admin("clear_faults")
            under_test.bring_to_rest()
            under_test.delete_items(BUDGET_KEY, STATE_KEY)


@pytest.fixture
def mailbox(world: World, failed: StageUnderTest) -> Iterator[Mailbox]:
    """What the stage's topic delivers."""
    made = Mailbox(world.account.client, failed.stage.names.sns_topic)
    yield made
    made.close()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("checks", [OFTEN, pytest.param(MANY, marks=pytest.mark.long)])
def test_many_checks_at_once_restart_a_failed_task_once_and_never_more_than_three_times_an_hour(
    failed: StageUnderTest, mailbox: Mailbox, checks: int
):
    health = InProcessCheck(failed.world, failed.stage, seconds=120)

    def restarts(ahead: float) -> int:
        """How many of the checks restart it. On a busy machine all may see too little to do anything."""
        with ThreadPoolExecutor(checks) as pool:
            answers = list(pool.map(health.check, [ahead] * checks))
        return sum(answer.facts["done"] == "restarted the failed connector or task" for answer in answers)

    def restarted(ahead: float) -> int:
        """The same, repeated until any does."""
        return wait_for(lambda: restarts(ahead), "a restart", 300)

    def failed_again(before: int) -> int:
        """Not the failure that was restarted: Connect shows it until the restart is under way."""
        wait_for(lambda: failed.failures() > before, "the restarted task has failed again")
        failed.wait_for_states("RUNNING", "FAILED")
        return failed.failures()

    def mails() -> list[str]:
        return [mail.subject for mail in mailbox.take() if mail.sender is Sender.CHECK]

    seen, subjects = 0, []
    for ahead in (0.0, 600.0, 1500.0):
        seen = failed_again(seen)
        assert restarted(ahead) == 1
        subjects += mails()
    assert subjects == []
    failed_again(seen)

    def mailed() -> bool:
        assert restarts(2100.0) == 0
        subjects.extend(mails())
        return bool(subjects)

    wait_for(mailed, "a mail", 300)
    assert len(failed.item(BUDGET_KEY)["claims"]["L"]) == LIMIT
    assert restarts(2100.0) == 0
    # Mostly the ended session; on a busy machine a restarted task may also fail while it fences another one.
    cause = classify(failed.trace()).name
    assert [*subjects, *mails()] == [f"wms-connector-main: ConnectorTaskFailed ({cause})"]
