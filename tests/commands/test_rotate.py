"""`wms-connector rotate`, upon a stage whose admin function is real code."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from connector.aws import account
from connector.aws.admin_function import Clock
from connector.commands import rotate as command
from connector.domain.admin_api import Request
from lambda_src.connect_admin import operations
from tests.commands.conftest import Run, assert_one_line
from tests.lambda_src.connect_admin.rotation.rotating import OWN, Rotating
from tests.lambda_src.connect_admin.rotation.test_steps import refuse
from tests.support.fake_aws import OWNER, FakeAws


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> Rotating:
    """Main behind the environment's credentials; while a command waits, ECS replaces the workers."""
    made = Rotating()

    def admin(event: Any) -> Any:
        request = Request.from_payload(event)
        made.requests.append(request)
        session = made.stage.session(200, meant=request.stage)
        session.retry_login = request.retry_login
        return operations.answer(request.operation, session).to_payload()

    def sleep(seconds: float) -> None:
        assert seconds > 0
        if made.stage.ecs.rollout == "IN_PROGRESS":
            made.complete()

    aws = FakeAws()
    aws.functions = {made.stage.stage.names.connect_admin: admin}
    monkeypatch.setattr(account, "Account", lambda **_: aws)
    monkeypatch.setattr(command, "Clock", lambda: Clock(lambda: made.now, sleep))
    return made


def test_it_waits_and_ends_well_only_when_the_connector_streams(run: Run, main: Rotating) -> None:
    main.change_password()
    done = run("rotate", "main")
    assert done.exit_code == 0
    assert OWN in done.stdout
    assert main.record.secret_versions[OWN] == f"v2-{OWN}"
    assert "ECS replaces the workers" in done.stderr


def test_without_a_change_it_says_so_and_looks_whether_the_connector_streams(
    run: Run, main: Rotating
) -> None:
    done = run("rotate", "main", "--json")
    assert (done.exit_code, json.loads(done.stdout)["changed"]) == (0, False)


def test_a_refused_password_is_an_error_of_one_line_and_the_next_run_tries_nothing(
    run: Run, main: Rotating
) -> None:
    main.change_password()
    refuse(main)
    for _ in range(2):
        failed = run("rotate", "main")
        assert (failed.exit_code, failed.stdout) == (1, "")
        assert failed.stderr.splitlines()[-1].startswith("error: rotate main: ")
    assert len(main.tries) == 1


def test_what_was_refused_is_tried_once_more_for_whoever_says_so(run: Run, main: Rotating) -> None:
    main.change_password()
    refuse(main)
    run("rotate", "main")
    main.stage.connect.invalid = {}
    assert run("rotate", "main", "--retry-login").exit_code == 0
    asked = [request.retry_login for request in main.requests]
    assert asked.count(True) == 1


def test_the_check_says_what_would_happen_and_changes_nothing(run: Run, main: Rotating) -> None:
    main.change_password()
    done = run("rotate", "main", "--check")
    assert done.exit_code == 0
    assert "its login is tried once" in done.stdout
    found = json.loads(run("rotate", "main", "--check", "--json").stdout)
    assert [change["path"] for change in found["changes"]] == [OWN]
    assert (main.tries, main.rotation.number) == ([], 0)


def test_a_check_that_is_to_try_again_is_refused(run: Run, main: Rotating) -> None:
    refused = run("rotate", "main", "--check", "--retry-login")
    assert refused.exit_code == 2
    assert "give one of them" in refused.stderr


def test_a_stage_that_is_not_deployed_is_said_to_be_so(
    run: Run, main: Rotating, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "Account", lambda **_: FakeAws())
    done = run("rotate", "mian")
    assert done.exit_code == 1
    where = f"stage 'mian' is not deployed in account {OWNER}, region us-east-1: it has no admin function."
    assert done.stderr.startswith(f"error: {where} Did you mean main? If you did not, ")


def test_a_refused_stage_is_one_line(run: Run) -> None:
    assert_one_line(run("rotate", "Main"), "Main")


def test_an_answer_that_stays_away_is_an_error_that_says_to_run_it_again(
    run: Run, main: Rotating, monkeypatch: pytest.MonkeyPatch
) -> None:
    main.change_password()
    main.stage.listener.error = "refused"
    time = iter(range(0, 1_000_000, 1000))
    sleep: Callable[[float], None] = lambda _: None  # noqa: E731
    monkeypatch.setattr(command, "Clock", lambda: Clock(lambda: float(next(time)), sleep))
    done = run("rotate", "main")
    assert done.exit_code == 1
    assert "run this again" in done.stderr
