"""The health function goes on with a rotation, and mails a failure once."""

import pytest

from connector.domain.admin_api import State
from connector.domain.health.rotation_state import Phase
from connector.domain.health.secret_event import is_secret_event
from lambda_src.connect_admin.rotation.look import glance
from lambda_src.connect_health import rotation_run as entry
from lambda_src.connect_health.check import CheckAnswer
from lambda_src.connect_health.rotation_run import check_run, drive, rotation_run
from lambda_src.session import Session
from tests.lambda_src.connect_admin.rotation.rotating import OWN, Rotating
from tests.lambda_src.connect_admin.rotation.test_steps import refuse
from tests.support.fake_lambda_aws import client_error


@pytest.fixture
def main() -> Rotating:
    return Rotating()


def run(main: Rotating, seconds: float = 250) -> CheckAnswer:
    aws = main.stage.aws
    session = main.stage.session(seconds)
    return rotation_run(session, aws.check_clients, aws.sns.arn, clock=lambda: main.now)


def test_an_event_of_secrets_manager_is_known_and_one_of_ecs_is_none():
    assert is_secret_event({"source": "aws.secretsmanager", "detail-type": "AWS API Call via CloudTrail"})
    assert not is_secret_event({"source": "aws.ecs"})
    assert not is_secret_event(None)


def test_one_run_goes_all_the_way_while_ecs_replaces_the_workers(main: Rotating):
    main.change_password()

    def replaced() -> None:
        if main.stage.ecs.rollout == "IN_PROGRESS":
            main.complete()

    main.stage.time.on_sleep = replaced
    answer = run(main)
    assert not answer.wrong
    assert main.record.secret_versions[OWN] == f"v2-{OWN}"
    assert main.stage.aws.sns.mails == []


def test_a_run_whose_time_is_up_leaves_the_rest_to_the_next_one(main: Rotating):
    main.change_password()
    run(main, 100)
    phases = [main.rotation.phase]
    main.complete()
    run(main)
    assert [*phases, main.rotation.phase] == [Phase.ROLLING, Phase.NONE]
    assert len(main.tries) == 1


def test_a_refused_password_is_mailed_once_with_class_and_next_step(main: Rotating):
    main.change_password()
    refuse(main)
    assert run(main).wrong
    for _ in range(3):
        run(main)
    ((subject, text),) = main.stage.aws.sns.mails
    assert subject == "wms-connector-main: SecretChanged (login)"
    assert "ORA-01017" in text
    assert "Next step:    fix user and password" in text
    assert "wms-connector rotate main" in text
    assert "the-second-password" not in text


def test_a_mail_that_sns_refuses_is_sent_by_the_next_run(main: Rotating):
    main.change_password()
    refuse(main)
    main.stage.aws.sns.refusal = client_error("InternalError", "later")
    with pytest.raises(Exception, match="SNS|sns"):
        run(main)
    main.stage.aws.sns.refusal = None
    run(main)
    run(main)
    assert len(main.stage.aws.sns.mails) == 1


def test_of_two_runs_that_find_the_failure_one_mails(main: Rotating, monkeypatch: pytest.MonkeyPatch):
    main.change_password()
    refuse(main)
    main.step()
    monkeypatch.setattr(entry, "replace_item", lambda *_, **__: False)
    run(main)
    assert main.stage.aws.sns.mails == []


def test_an_operator_who_saw_the_failure_gets_no_mail(main: Rotating):
    main.change_password()
    refuse(main)
    assert main.step(told=True).state is State.FAILED
    run(main)
    assert main.stage.aws.sns.mails == []


def test_a_rotation_that_waits_for_something_else_ends_the_run(main: Rotating):
    main.change_password()
    main.stage.listener.error = "refused"
    began = main.stage.time.seconds
    assert drive(main.stage.session(250), main.stage.aws.check_clients, "").state is State.WAITING
    assert main.stage.time.seconds == began


# -- the scheduled check ----------------------------------------------------------------------------


@pytest.fixture
def checked(main: Rotating, monkeypatch: pytest.MonkeyPatch) -> list[Session]:
    """The sessions with which a check was made; it finds nothing."""
    found: list[Session] = []

    def check(session: Session, *_: object, **__: object) -> CheckAnswer:
        found.append(session)
        return CheckAnswer("healthy", {}, wrong=False, facts={})

    monkeypatch.setattr(entry, "check", check)
    return found


def scheduled(main: Rotating) -> CheckAnswer:
    aws = main.stage.aws
    return check_run(main.stage.session(250), aws.check_clients, aws.sns.arn, clock=lambda: main.now)


def test_a_check_goes_on_with_a_changed_secret_that_no_event_has_told_of(
    main: Rotating, checked: list[Session]
):
    main.change_password()
    main.stage.time.on_sleep = lambda: main.complete() if main.stage.ecs.rollout == "IN_PROGRESS" else None
    answer = scheduled(main)
    assert answer.facts["secrets_changed"] == [OWN]
    assert main.record.secret_versions[OWN] == f"v2-{OWN}"
    assert "rotation" not in scheduled(main).facts


def test_a_check_looks_with_what_the_workers_have_while_the_newest_version_is_known_to_be_wrong(
    main: Rotating, checked: list[Session]
):
    main.change_password()
    refuse(main)
    run(main)
    scheduled(main)
    assert checked[-1].secrets.fetch(OWN) is not None
    assert checked[-1].secrets.versions == {OWN: f"v1-{OWN}"}


def test_a_malformed_secret_blinds_no_check_and_is_mailed_once(main: Rotating, checked: list[Session]):
    main.put(OWN, "no JSON")
    for _ in range(2):
        scheduled(main)
        assert checked[-1].database.host == "127.0.0.8"
    ((subject, text),) = main.stage.aws.sns.mails
    assert subject == "wms-connector-main: SecretChanged (secret malformed)"
    assert f"secret {OWN}" in text


def test_a_right_secret_after_a_malformed_one_is_taken(main: Rotating, checked: list[Session]):
    right = str(main.stage.secrets.values[OWN])
    main.put(OWN, "no JSON")
    scheduled(main)
    main.put(OWN, right)
    main.stage.time.on_sleep = lambda: main.complete() if main.stage.ecs.rollout == "IN_PROGRESS" else None
    scheduled(main)
    assert main.record.secret_versions[OWN] == f"v3-{OWN}"


def test_a_table_that_cannot_be_read_is_the_checks_to_report(
    main: Rotating, checked: list[Session], monkeypatch: pytest.MonkeyPatch
):
    refused = client_error("AccessDeniedException", "no")
    monkeypatch.setattr(main.stage.table, "get_item", lambda **_: (_ for _ in ()).throw(refused))
    assert scheduled(main).summary == "healthy"
    assert len(checked) == 1


def test_a_glance_of_a_stage_that_was_never_registered_is_empty(main: Rotating):
    main.stage.table.items.clear()
    seen = glance(main.stage.session())
    assert (list(seen.changed), seen.due, seen.mistaken) == ([], False, False)


def test_a_check_finds_workers_with_another_version_than_the_recorded_one(
    main: Rotating, checked: list[Session]
):
    main.stage.time.on_sleep = lambda: main.complete() if main.stage.ecs.rollout == "IN_PROGRESS" else None
    main.change_password()
    scheduled(main)
    assert "rotation" not in scheduled(main).facts
    main.stage.ecs.revision = 1
    assert OWN in scheduled(main).facts["rotation"]
