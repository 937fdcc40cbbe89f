"""A health check clears away what a comparison that was killed has left, and no other."""

import time

import pytest

from connector.domain.admin_api import State
from connector.domain.reconcile.run import ABANDONED_SECONDS
from tests.lambda_src.conftest import FakeStage
from tests.lambda_src.connect_admin.reconcile.comparing import Comparing
from tests.lambda_src.watched import Watched
from tests.support.fake_lambda_aws import client_error

MINUTES = ABANDONED_SECONDS / 60


@pytest.fixture
def comparing(world: FakeStage) -> Comparing:
    return Comparing(world, source={1: "a", 2: "b"})


@pytest.mark.parametrize("steps", range(1, 8))
def test_whatever_step_was_its_last_nothing_stays(comparing: Comparing, steps: int):
    comparing.write(1, "a")
    for _ in range(steps):
        comparing.step()
    assert comparing.left()
    watched = Watched(comparing.stage, now=time.time())
    answer = watched.check(minutes=MINUTES + 0.1)
    # The backup of the same check is no part of a comparison.
    assert [name for name in comparing.left() if not name.startswith("backups/")] == []
    assert answer.facts["comparison"] == "a comparison that was killed is cleared away"
    assert watched.check().facts["comparison"] == ""


def test_one_that_is_asked_on_goes_on(comparing: Comparing):
    comparing.step()
    comparing.step()
    watched = Watched(comparing.stage, now=time.time())
    assert watched.check(minutes=MINUTES - 0.2).facts["comparison"] == ""
    assert comparing.finish().state is State.DONE


def test_a_bucket_that_refuses_fails_no_check_and_is_tried_again(comparing: Comparing):
    comparing.step()
    comparing.step()
    watched = Watched(comparing.stage, now=time.time())
    comparing.stage.aws.s3.refusal = client_error("AccessDenied", "no", "DeleteObject")
    answer = watched.check()
    assert not answer.wrong
    assert "s3:DeleteObject" in answer.facts["comparison"]
    comparing.stage.aws.s3.refusal = None
    watched.check()
    assert [name for name in comparing.left() if not name.startswith("backups/")] == []
