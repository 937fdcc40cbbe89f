"""The health check writes a backup a day, and tells in the end if it cannot."""

import pytest

from connector.domain.admin_api import REGISTRATION, State
from connector.domain.health.metrics import BACKUP_OVERDUE
from tests.lambda_src.conftest import FakeStage
from tests.lambda_src.watched import Watched
from tests.support.fake_lambda_aws import BUCKET, client_error

DAY_MINUTES = 24 * 60


@pytest.fixture
def watched(world: FakeStage) -> Watched:
    for operation in REGISTRATION:
        assert world.ask(operation).state is State.DONE
    world.bucket = BUCKET
    world.kafka.written[world.stage.topics.one("schema_history")] = [("", "{}")]
    return Watched(world)


def written(watched: Watched) -> int:
    return len(watched.stage.aws.s3.objects)


def test_one_a_day(watched: Watched):
    counts = []
    for minutes in (0, 10, DAY_MINUTES - 20, 10, 10):
        watched.check(minutes)
        counts.append(written(watched))
    assert counts == [1, 1, 1, 2, 2]
    assert watched.metrics[-1][BACKUP_OVERDUE] == 0


def test_a_bucket_that_refuses_fails_no_check_and_is_told_when_a_backup_is_overdue(watched: Watched):
    watched.check()
    watched.stage.aws.s3.refusal = client_error("AccessDenied", "no", "PutObject")
    overdue = []
    for minutes in (DAY_MINUTES, 11 * 60, 60, 60):
        answer = watched.check(minutes)
        assert answer.summary == "healthy"
        overdue.append(watched.metrics[-1][BACKUP_OVERDUE])
    assert overdue == [0, 0, 1, 1]
    assert "s3:PutObject" in answer.facts["backup"]
    watched.stage.aws.s3.refusal = None
    watched.check(10)
    assert (watched.metrics[-1][BACKUP_OVERDUE], written(watched)) == (0, 2)


def test_without_any_backup_it_is_overdue_at_once(watched: Watched):
    watched.stage.aws.s3.refusal = client_error("AccessDenied", "no", "PutObject")
    watched.check()
    assert watched.metrics[-1][BACKUP_OVERDUE] == 1


def test_nothing_is_due_while_there_is_no_connector_to_read(watched: Watched):
    watched.stage.connect.addresses = []
    watched.check()
    assert BACKUP_OVERDUE not in watched.metrics[-1]
    assert written(watched) == 0


def test_a_stage_without_backups_has_no_such_metric(world: FakeStage):
    watched = Watched(world)
    watched.check()
    assert BACKUP_OVERDUE not in watched.metrics[-1]
