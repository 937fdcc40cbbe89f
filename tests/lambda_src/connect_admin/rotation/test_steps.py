"""Each step of a rotation, on fakes: what is tried, what is touched, what is remembered."""

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from connector.domain.admin_api import Answer, Operation, State
from connector.domain.health.halt import HaltedBy
from connector.domain.health.refused import RefusedVersion
from connector.domain.health.rotation_state import Ending, Phase
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.secrets.injected import PinnedSecret
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.launch_mark import LAUNCH_SECONDS, launch_item
from lambda_src.clients.state_table import (
    mark_launch,
    read_halt,
    remember_refused,
    replace_item,
    write_halt,
    write_record,
)
from lambda_src.clients.task_definitions import injected_in
from lambda_src.connect_admin.registration.verify import verify
from lambda_src.connect_admin.rotation.look import glance
from tests.lambda_src.conftest import BROKERS, PASSWORD
from tests.lambda_src.connect_admin.rotation.rotating import (
    BEGAN,
    BROKERS_PATH,
    CREDENTIALS,
    DEFAULT,
    OWN,
    Rotating,
)
from tests.support.fake_lambda_aws import client_error

NO_SESSION = "Unable to connect (primary): Failed to resolve Oracle database version"
REFUSED_LINE = (
    "[2027-01-15 08:00:01,000] ERROR Failed testing primary connection for {} (io.debezium.OracleConnector)"
    " Caused by: java.sql.SQLException: ORA-01017: invalid username/password; logon denied"
)


@pytest.fixture
def main() -> Rotating:
    made = Rotating()
    made.stage.connect.requests.clear()
    return made


def refuse(main: Rotating, line: str = REFUSED_LINE) -> None:
    """The database refuses the login; the plugin does not say why, the worker's log does."""
    main.stage.connect.invalid = {"database.hostname": NO_SESSION}
    main.stage.logs.lines = [(main.now, line)]


def test_without_a_change_nothing_is_done(main: Rotating):
    answer = main.step()
    assert (answer.state, answer.changed) == (State.DONE, False)
    assert main.untouched
    assert main.tries == []


def test_a_new_password_is_tried_once_with_its_value_before_anything_is_touched(main: Rotating):
    main.change_password("the-second-password")
    answer = main.step()
    assert answer.state is State.WAITING
    (tried,) = main.tries
    assert (tried["database.user"], tried["database.password"]) == ("wms_capture", "the-second-password")
    assert main.rotation.phase is Phase.ROLLING


def test_new_workers_get_the_new_version_and_all_that_they_had_besides(main: Rotating):
    main.change_password()
    main.step()
    (definition,) = main.stage.ecs.given
    registered = main.stage.ecs.registered[definition]
    given = injected_in(registered)
    assert PinnedSecret.of(given["DATABASE_PASSWORD"]).version == f"v2-{OWN}"
    assert given["KAFKA_BOOTSTRAP_SERVERS"] == main.stage.ecs.secrets[1]["KAFKA_BOOTSTRAP_SERVERS"]
    assert registered["containerDefinitions"][0]["image"] == "worker@sha256:0"
    assert registered["executionRoleArn"].endswith(":role/x-Execution")


def test_the_record_gets_the_new_version_when_the_connector_streams_and_no_sooner(main: Rotating):
    main.change_password()
    seen = []
    for _ in range(6):
        seen.append(main.record.secret_versions[OWN])
        if main.step().state is State.DONE:
            break
        if main.stage.ecs.rollout == "IN_PROGRESS":
            main.complete()
    assert set(seen) == {f"v1-{OWN}"}
    assert main.record.secret_versions[OWN] == f"v2-{OWN}"
    assert (main.rotation.phase, main.rotation.ending) == (Phase.NONE, Ending.DONE)
    assert len(main.tries) == 1


def test_nothing_more_is_done_while_ecs_replaces_the_workers(main: Rotating):
    main.change_password()
    main.step()
    given = list(main.stage.ecs.given)
    for _ in range(3):
        assert main.step().state is State.WAITING
    assert main.stage.ecs.given == given
    assert len(main.tries) == 1


def test_a_refused_password_touches_nothing_is_remembered_and_never_tried_again(main: Rotating):
    main.change_password()
    refuse(main)
    answer = main.step()
    assert answer.state is State.FAILED
    assert "ORA-01017" in answer.summary
    assert main.untouched
    assert main.refused == [(OWN, f"v2-{OWN}")]
    assert (main.rotation.ending, main.rotation.error_class) == (Ending.FAILED, "login")
    assert not main.rotation.mailed
    for _ in range(3):
        again = main.step()
        assert (again.state, again.changed) == (State.FAILED, False)
    assert len(main.tries) == 1
    assert main.record.secret_versions[OWN] == f"v1-{OWN}"


def test_the_next_version_is_tried_although_the_one_before_was_refused(main: Rotating):
    main.change_password()
    refuse(main)
    main.step()
    main.stage.connect.invalid = {}
    main.change_password("the-third-password")
    assert main.rotated().state is State.DONE
    assert main.record.secret_versions[OWN] == f"v3-{OWN}"
    assert [config["database.password"] for config in main.tries] == [
        "the-second-password",
        "the-third-password",
    ]


def test_an_operator_may_have_it_tried_once_more(main: Rotating):
    main.change_password()
    refuse(main)
    main.step()
    main.stage.connect.invalid = {}
    assert main.step(told=True, retry_login=True).state is State.WAITING
    assert main.rotated().state is State.DONE
    assert len(main.tries) == 2


def test_what_another_path_has_found_refused_is_not_tried_by_a_rotation(main: Rotating):
    main.change_password()
    remember_refused(main.stage.table, [RefusedVersion(OWN, f"v2-{OWN}", "login", int(BEGAN))])
    answer = main.step()
    assert answer.state is State.FAILED
    assert "was refused" in answer.summary
    assert main.tries == []
    assert main.untouched


def test_a_database_that_answers_nobody_is_waited_for_and_nothing_is_remembered(main: Rotating):
    main.change_password()
    main.stage.listener.error = "connection refused"
    answer = main.step()
    assert answer.state is State.WAITING
    assert (main.tries, main.refused, main.rotation.phase) == ([], [], Phase.NONE)
    main.stage.listener.error = ""
    assert main.rotated().state is State.DONE


def test_a_new_address_that_does_not_answer_is_a_mistake_that_only_a_launch_or_a_new_version_mends(
    main: Rotating,
):
    main.put(OWN, main.database(host="127.0.0.77"))
    main.stage.listener.error = "timed out"
    answer = main.step()
    assert answer.state is State.FAILED
    assert "security group" in answer.summary
    assert (main.tries, main.refused) == ([], [])
    assert main.untouched


def test_without_a_worker_that_answers_the_password_waits(main: Rotating):
    main.change_password()
    main.stage.connect.addresses = []
    answer = main.step()
    assert answer.state is State.WAITING
    assert "no worker can try it" in answer.summary
    assert (main.tries, main.rotation.phase) == ([], Phase.NONE)


def test_an_outcome_that_nobody_knows_counts_as_refused(main: Rotating):
    main.change_password()
    main.stage.connect.error = [(500, "broken")]
    main.stage.connect.error_for = "PUT"
    answer = main.step()
    assert answer.state is State.FAILED
    assert "not known" in answer.summary
    assert main.refused == [(OWN, f"v2-{OWN}")]


@pytest.mark.parametrize(
    "text", ["no JSON", '{"host": "x"}', json.dumps({"host": "127.0.0.8", "dbname": "A", "username": "u\n"})]
)
def test_a_malformed_secret_touches_nothing_and_tries_nothing(main: Rotating, text: str):
    main.put(OWN, text)
    answer = main.step()
    assert answer.state is State.FAILED
    assert OWN in answer.summary
    assert (main.rotation.error_class, main.rotation.mailed) == ("secret malformed", False)
    assert (main.tries, main.refused) == ([], [])
    assert main.untouched
    number = main.rotation.number
    main.step()
    assert main.rotation.number == number


def test_a_secret_marked_for_deletion_is_a_mistake_and_not_an_absence(main: Rotating):
    message = "You can't perform this operation on the secret because it was marked for deletion."
    main.stage.secrets.values[OWN] = client_error("InvalidRequestException", message)
    main.put(DEFAULT, "{}")
    answer = main.step()
    assert answer.state is State.FAILED
    assert "marked for deletion" in answer.summary
    assert main.untouched


def test_an_own_secret_that_vanishes_gives_workers_the_default_and_one_that_appears_its_own(main: Rotating):
    own = main.stage.secrets.values[OWN]
    main.put(DEFAULT, str(own))
    del main.stage.secrets.values[OWN]
    assert main.rotated().state is State.DONE
    assert set(main.record.secret_versions) == {BROKERS_PATH, DEFAULT}
    given = injected_in(main.stage.ecs.registered[main.stage.ecs.given[-1]])
    assert PinnedSecret.of(given["DATABASE_USER"]).arn.endswith(":secret:wms/default/dbInfo-AbCdEf")
    main.stage.secrets.values[OWN] = own
    assert main.rotated().state is State.DONE
    assert set(main.record.secret_versions) == {BROKERS_PATH, OWN}


def test_another_key_for_the_user_reaches_the_task_definition(main: Rotating):
    content = main.database()
    content["user"] = content.pop("username")
    main.put(OWN, content)
    main.step()
    given = injected_in(main.stage.ecs.registered[main.stage.ecs.given[-1]])
    assert given["DATABASE_USER"].split(":")[7] == "user"


def test_another_service_name_changes_the_connectors_config_once_all_workers_are_new(main: Rotating):
    main.put(OWN, main.database(dbname="OTHER"))
    main.step()
    assert main.stage.connect.configs[CONNECTOR]["database.dbname"] == "WMSPRD"
    main.complete()
    assert main.rotated().state is State.DONE
    assert main.stage.connect.configs[CONNECTOR]["database.dbname"] == "OTHER"
    assert main.stage.connect.configs[CONNECTOR]["database.password"] == "${env:DATABASE_PASSWORD}"


def test_workers_that_do_not_start_are_taken_back_by_ecs_and_nothing_is_tried_again(main: Rotating):
    main.change_password()
    main.step()
    main.stage.ecs.roll_back("ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1")
    answer = main.step()
    assert answer.state is State.FAILED
    assert "rolling back" in answer.summary
    assert main.record.secret_versions[OWN] == f"v1-{OWN}"
    given = list(main.stage.ecs.given)
    assert main.step().state is State.FAILED
    assert main.stage.ecs.given == given


def test_a_connector_that_does_not_stream_with_another_user_gets_the_one_before_back(main: Rotating):
    main.put(OWN, main.database(username="second_user", password="another"))
    main.step()
    main.complete()
    main.step()
    assert main.rotation.phase is Phase.VERIFYING
    main.stage.connect.tasks[CONNECTOR].update(state="FAILED", trace="ORA-01031: insufficient privileges")
    answer = main.step()
    assert answer.state is State.FAILED
    assert "get back what they had" in answer.summary
    assert main.stage.ecs.given[-1].endswith(":1")


def test_with_the_same_user_the_workers_keep_the_new_password_for_the_old_one_is_over(main: Rotating):
    main.change_password()
    main.step()
    main.complete()
    main.step()
    main.stage.connect.tasks[CONNECTOR].update(state="FAILED", trace="ORA-01031: insufficient privileges")
    answer = main.step()
    assert answer.state is State.FAILED
    assert len(main.stage.ecs.given) == 1
    number = main.rotation.number
    for _ in range(4):
        again = main.step()
        assert (again.state, again.changed) == (State.FAILED, False)
    assert (len(main.stage.ecs.given), len(main.tries), main.rotation.number) == (1, 1, number)
    assert glance(main.stage.session()).session.stored("dbInfo").version == f"v2-{OWN}"


@pytest.mark.parametrize("retry_login", [False, True])
def test_workers_that_kept_a_new_password_go_on_with_a_newer_one_or_when_an_operator_says_so(
    main: Rotating, retry_login: bool
):
    main.change_password()
    main.step()
    main.complete()
    main.step()
    main.stage.connect.tasks[CONNECTOR].update(state="FAILED", trace="ORA-01031: insufficient privileges")
    assert main.step().state is State.FAILED
    main.stage.connect.tasks[CONNECTOR].update(state="RUNNING", trace="")
    if not retry_login:
        main.change_password("the-third-password")
    assert main.step(told=True, retry_login=retry_login).state is State.WAITING
    assert main.rotated().state is State.DONE
    assert main.record.secret_versions[OWN] == f"v{2 if retry_login else 3}-{OWN}"
    assert (len(main.tries), main.rotation.kept) == (2, {})


def test_a_connector_that_a_refused_login_has_stopped_goes_on_with_the_new_password(main: Rotating):
    main.stage.ask(Operation.STOP)
    write_halt(main.stage.table, read_halt(main.stage.table), by=HaltedBy.LOGIN, at=1, secret="dbInfo")
    main.change_password()
    assert main.rotated().state is State.DONE
    assert main.stage.connect.states[CONNECTOR] == "RUNNING"
    assert read_halt(main.stage.table).by is None


def test_a_connector_that_an_operator_has_stopped_stays_so_and_the_record_gets_the_version(main: Rotating):
    main.stage.ask(Operation.STOP)
    main.change_password()
    answer = main.rotated()
    assert answer.state is State.DONE
    assert "operator" in answer.summary
    assert main.stage.connect.states[CONNECTOR] == "STOPPED"
    assert main.record.secret_versions[OWN] == f"v2-{OWN}"


# -- two at once, and a launch --------------------------------------------------------------------


def test_of_two_runs_that_begin_at_once_one_tries(main: Rotating, monkeypatch: pytest.MonkeyPatch):
    main.change_password()
    claim = main.rotation

    def faster(*_: Any) -> None:
        begun = claim.begun(main.now, {}, ())
        replace_item(main.stage.table, begun.to_item(), replaced_version=claim.replaced_version)

    monkeypatch.setattr("lambda_src.connect_admin.rotation.steps.RotationStep._in_the_way", faster)
    answer = main.step()
    assert answer.state is State.WAITING
    assert main.tries == []


def test_a_launch_comes_first_and_a_rotation_waits_until_it_has_ended(main: Rotating):
    main.change_password()
    mark_launch(main.stage.table, main.now - 60)
    answer = main.step()
    assert answer.state is State.WAITING
    assert "a launch" in answer.summary
    assert main.tries == []
    main.stage.ecs.secrets[1] = main.launched().variables()
    main.stage.ask(Operation.RECORD)
    assert main.step().summary == "no secret has changed since the connector was verified"


def test_a_launch_that_begins_between_the_claim_and_the_try_is_seen(
    main: Rotating, monkeypatch: pytest.MonkeyPatch
):
    """The claim is written first, and the mark looked at then."""
    main.change_password()
    put = main.stage.table.put_item

    def put_item(**arguments: Any) -> Any:
        answer = put(**arguments)
        if arguments["Item"].get("phase") == Phase.TRYING:
            put(Item=launch_item(main.now))
        return answer

    monkeypatch.setattr(main.stage.table, "put_item", put_item)
    answer = main.step()
    assert (answer.state, main.tries, main.rotation.phase) == (State.WAITING, [], Phase.NONE)
    assert "a launch" in answer.summary


def test_a_launch_says_that_it_begins_before_it_changes_a_stack(main: Rotating):
    main.now = time.time() + 60
    main.change_password()
    main.stage.ask(Operation.CANCEL_TEARDOWN, launch=True)
    answer = main.step()
    assert answer.state is State.WAITING
    assert "a launch" in answer.summary


def test_a_launch_that_was_cut_off_holds_a_rotation_up_for_half_an_hour_only(main: Rotating):
    main.change_password()
    mark_launch(main.stage.table, main.now)
    main.now += LAUNCH_SECONDS + 1
    assert main.rotated().state is State.DONE


def test_a_launch_ends_a_rotation_that_is_under_way(main: Rotating):
    main.change_password()
    main.step()
    main.stage.ask(Operation.CANCEL_TEARDOWN, launch=True)
    assert (main.rotation.phase, main.rotation.ending) == (Phase.NONE, Ending.SUPERSEDED)
    assert main.step().state is State.WAITING


def test_workers_that_somebody_else_has_replaced_end_the_rotation(main: Rotating):
    main.change_password()
    main.step()
    main.stage.ecs.revision = 9
    assert main.step().state is State.FAILED
    assert main.rotation.ending is Ending.SUPERSEDED


def test_ecs_that_replaces_workers_already_is_waited_for(main: Rotating):
    main.change_password()
    main.stage.ecs.rollout = "IN_PROGRESS"
    answer = main.step()
    assert answer.state is State.WAITING
    assert main.tries == []


def test_a_stage_that_is_being_torn_down_is_left_alone(main: Rotating):
    main.change_password()
    write_record(main.stage.table, replace(main.record, retiring=True))
    assert main.step().state is State.FAILED
    assert main.tries == []
    assert main.untouched


def test_a_try_whose_run_died_counts_as_refused_and_is_not_repeated(main: Rotating):
    main.change_password()
    begun = main.rotation.begun(main.now, {OWN: f"v2-{OWN}"}, ())
    replace_item(main.stage.table, begun.to_item())
    assert main.step().state is State.WAITING
    main.now += Phase.TRYING.seconds + 1
    assert main.step().state is State.FAILED
    assert main.tries == []


def test_a_run_that_dies_between_record_and_end_is_ended_by_the_next_one_without_a_try(
    main: Rotating, monkeypatch: pytest.MonkeyPatch
):
    main.change_password()
    main.step()
    main.complete()
    main.step()
    put = main.stage.table.put_item
    writes: list[str] = []

    def dies_then(**arguments: Any) -> Any:
        if writes:
            raise RuntimeError("the function is killed")
        writes.append(arguments["Item"]["id"])
        return put(**arguments)

    with monkeypatch.context() as patched:
        patched.setattr(main.stage.table, "put_item", dies_then)
        with pytest.raises(RuntimeError):
            main.step()
    assert main.step().state is State.DONE
    assert main.record.secret_versions[OWN] == f"v2-{OWN}"
    assert main.step().summary == "no secret has changed since the connector was verified"
    assert (len(main.tries), len(main.stage.ecs.given)) == (1, 1)


def test_a_run_that_was_held_up_does_not_write_over_the_record_of_a_later_rotation(
    main: Rotating, monkeypatch: pytest.MonkeyPatch
):
    main.change_password()
    main.step()
    main.complete()
    main.step()

    def held_up(_: Any) -> Answer:
        with monkeypatch.context() as patched:
            patched.setattr("lambda_src.connect_admin.rotation.steps.verify", streams)
            assert main.rotated().state is State.DONE
            main.change_password("the-third-password")
            assert main.rotated().state is State.DONE
        return Answer(State.DONE, "it streams")

    streams = verify
    monkeypatch.setattr("lambda_src.connect_admin.rotation.steps.verify", held_up)
    assert main.step().state is State.WAITING
    assert main.record.secret_versions[OWN] == f"v3-{OWN}"
    assert main.rotation.ending is Ending.DONE


def test_a_definition_that_was_made_and_never_given_to_the_service_is_given_then(main: Rotating):
    main.change_password()
    main.step()
    made = main.stage.ecs.given.pop()
    main.stage.ecs.roll_back("")
    lost = main.stage.table.items["rotation"]
    lost["deployed"] = False
    assert main.step().state is State.WAITING
    assert main.stage.ecs.given == [made]


# -- the brokers -----------------------------------------------------------------------------------


def test_new_credentials_of_the_brokers_are_tried_by_a_client_of_the_functions():
    main = Rotating(KafkaAuth.SCRAM)
    main.put(CREDENTIALS, {"username": "wms", "password": "second-password"})
    main.step()
    assert main.stage.kafka.settings["sasl_plain_password"] == "second-password"
    assert main.tries == []
    given = injected_in(main.stage.ecs.registered[main.stage.ecs.given[-1]])
    assert PinnedSecret.of(given["KAFKA_PASSWORD"]).version == f"v2-{CREDENTIALS}"


def test_brokers_of_another_cluster_are_refused_for_the_position_is_on_this_one(main: Rotating):
    main.put(BROKERS_PATH, "b-9.other.example:9092")
    main.stage.kafka.id = "cluster-2"
    answer = main.step()
    assert answer.state is State.FAILED
    assert "cluster-2" in answer.summary
    assert "b-9" not in answer.summary
    assert main.untouched


def test_brokers_that_are_down_are_waited_for_and_new_ones_that_do_not_answer_are_a_mistake():
    main = Rotating(KafkaAuth.SCRAM)
    main.put(CREDENTIALS, {"username": "wms", "password": "second-password"})
    main.stage.kafka.unreachable = True
    assert main.step().state is State.WAITING
    assert main.rotation.phase is Phase.NONE
    main.put(BROKERS_PATH, BROKERS.replace("b-1", "b-7"))
    answer = main.step()
    assert answer.state is State.FAILED
    assert "a launch opens the security group" in answer.summary


def _no_try(*_: Any, **__: Any) -> None:
    pytest.fail("something was tried")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("b-1.bigmac.example:19096,b-2.bigmac.example:9092", "no rule for port 19096"),
        ("b-1.bigmac.example:9096,b-2.bigmac.example:9098", "no rule for port 9096, 9098"),
        ("b-1.bigmac.example:9098,b-2.bigmac.example:9098", "changes how clients authenticate"),
    ],
    ids=["another port", "ports of two methods", "another method"],
)
def test_another_port_or_way_of_authenticating_needs_a_launch_and_nothing_is_tried(
    main: Rotating, monkeypatch: pytest.MonkeyPatch, text: str, words: str
):
    main.put(BROKERS_PATH, text)
    main.change_password()
    monkeypatch.setattr("lambda_src.connect_admin.rotation.steps.attempt", _no_try)
    answer = main.step()
    assert answer.state is State.FAILED
    assert words in answer.summary
    assert (main.rotation.error_class, main.refused) == ("launch needed", [])
    assert "bigmac" not in answer.summary
    assert main.untouched


def test_a_login_that_brokers_refuse_without_a_word_is_no_outage_and_is_not_tried_again():
    main = Rotating(KafkaAuth.SCRAM)
    main.stage.connect.requests.clear()
    main.put(CREDENTIALS, {"username": "second_user", "password": "not-the-password"})
    main.stage.kafka.closed_on.add("not-the-password")
    answer = main.step()
    assert answer.state is State.FAILED
    assert f"{CREDENTIALS}: the brokers refuse this login and take the one before" in answer.summary
    assert (main.rotation.error_class, main.refused) == ("broker login", [(CREDENTIALS, f"v2-{CREDENTIALS}")])
    assert main.untouched
    number = main.rotation.number
    assert main.step().state is State.FAILED
    assert main.rotation.number == number


# -- what an operator asks -------------------------------------------------------------------------


def test_the_check_tries_nothing_and_says_what_would_happen(main: Rotating):
    main.change_password()
    answer = main.stage.ask(Operation.ROTATE_CHECK)
    assert answer.state is State.DONE
    (change,) = answer.details["changes"]
    assert (change["path"], change["meaning"]) == (OWN, "try")
    assert main.tries == []
    assert main.untouched


def test_the_command_is_done_only_if_the_connector_streams(main: Rotating):
    assert main.stage.ask(Operation.ROTATE).state is State.DONE
    main.stage.connect.tasks[CONNECTOR].update(state="FAILED", trace="ORA-01031: insufficient privileges")
    assert main.stage.ask(Operation.ROTATE).state is State.FAILED


def commanded(main: Rotating) -> Answer:
    """What the command ends with."""
    for _ in range(8):
        answer = main.stage.ask(Operation.ROTATE)
        if answer.state is not State.WAITING:
            return answer
        if main.stage.ecs.rollout == "IN_PROGRESS":
            main.complete()
    return answer


def test_the_command_has_failed_if_the_workers_only_caught_up_with_the_record(main: Rotating):
    main.change_password()
    main.rotated()
    main.stage.ecs.revision = 1
    main.change_password("not-the-password")
    remember_refused(main.stage.table, [RefusedVersion(OWN, f"v3-{OWN}", "login", int(BEGAN))])
    answer = commanded(main)
    assert answer.state is State.FAILED
    assert f"the recorded {OWN}" in answer.summary
    assert "its login was refused" in answer.summary


def test_the_command_goes_on_with_a_version_that_came_during_the_rotation(main: Rotating):
    main.change_password()
    main.step()
    main.complete()
    main.step()
    main.change_password("the-third-password")
    answer = main.stage.ask(Operation.ROTATE)
    assert (answer.state, main.record.secret_versions[OWN]) == (State.WAITING, f"v2-{OWN}")
    assert commanded(main).state is State.DONE
    assert main.record.secret_versions[OWN] == f"v3-{OWN}"


def test_no_answer_holds_a_password(main: Rotating):
    main.change_password("the-second-password")
    refuse(main, REFUSED_LINE.replace("{}", f"the-second-password {PASSWORD}"))
    answer = main.stage.ask(Operation.ROTATE)
    held = json.dumps(answer.to_payload()) + json.dumps(main.stage.table.items, default=str)
    assert "the-second-password" not in held
    assert PASSWORD not in held


# -- a launch that went back -------------------------------------------------------------------------


def test_workers_that_a_failed_launch_gave_an_older_version_get_the_recorded_one_without_a_try(
    main: Rotating,
):
    """CloudFormation goes back to the definition that it knows: that of the launch before the rotation."""
    main.change_password()
    assert main.rotated().state is State.DONE
    tries = len(main.tries)
    main.stage.ecs.revision = 1
    assert main.rotated().state is State.DONE
    given = injected_in(main.stage.ecs.registered[main.stage.ecs.given[-1]])
    assert PinnedSecret.of(given["DATABASE_PASSWORD"]).version == f"v2-{OWN}"
    assert len(main.tries) == tries
    assert main.step().summary == "no secret has changed since the connector was verified"


def test_a_recorded_version_that_was_refused_since_is_not_given_to_the_workers(main: Rotating):
    main.change_password()
    main.rotated()
    main.stage.ecs.revision = 1
    remember_refused(main.stage.table, [RefusedVersion(OWN, f"v2-{OWN}", "login", int(BEGAN))])
    given = list(main.stage.ecs.given)
    assert main.step().state is State.FAILED
    assert main.stage.ecs.given == given


def test_a_run_that_dies_while_it_gives_workers_the_recorded_version_blames_no_login(main: Rotating):
    main.change_password()
    main.rotated()
    main.stage.ecs.revision = 1
    begun = main.rotation.resumed(main.now, main.record.secret_versions, [OWN])
    replace_item(main.stage.table, begun.to_item())
    assert main.step().state is State.WAITING
    main.now += Phase.TRYING.seconds + 1
    assert main.step().state is State.WAITING
    assert (main.rotation.failed, main.rotation.mailed) == ((), True)
    assert main.rotated().state is State.DONE
    given = injected_in(main.stage.ecs.registered[main.stage.ecs.given[-1]])
    assert PinnedSecret.of(given["DATABASE_PASSWORD"]).version == f"v2-{OWN}"


def test_workers_that_do_not_start_with_the_recorded_version_are_left_until_an_operator_says_so(
    main: Rotating,
):
    main.change_password()
    main.rotated()
    main.stage.ecs.revision = 1
    main.step()
    main.stage.ecs.roll_back("ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1")
    assert (main.step().state, main.rotation.ending) == (State.FAILED, Ending.FAILED)
    given, number = len(main.stage.ecs.given), main.rotation.number
    for _ in range(3):
        assert main.step().state is State.FAILED
    assert (len(main.stage.ecs.given), main.rotation.number) == (given, number)
    assert main.step(told=True, retry_login=True).state is State.WAITING
    assert main.rotated().state is State.DONE
    assert main.rotation.failed == ()


def test_workers_of_a_release_that_named_no_version_are_left_as_they_are(main: Rotating):
    main.stage.ecs.secrets[1] = {
        name: ":".join(reference.split(":")[:8]) for name, reference in main.stage.ecs.secrets[1].items()
    }
    assert main.step().state is State.DONE
    assert main.untouched


def test_workers_that_a_launch_gave_a_refused_version_get_the_recorded_one_back(main: Rotating):
    """The launch went on with a password that nobody had tried; its registration was refused."""
    main.change_password("not-the-password")
    remember_refused(main.stage.table, [RefusedVersion(OWN, f"v2-{OWN}", "login", int(BEGAN))])
    main.stage.ecs.secrets[2] = main.launched().variables()
    main.stage.ecs.revision = 2
    main.stage.ask(Operation.STOP)
    write_halt(main.stage.table, read_halt(main.stage.table), by=HaltedBy.LOGIN, at=1, secret="dbInfo")
    main.stage.ecs.registered[main.stage.ecs._definition(2)] = main.stage.ecs.describe_task_definition(
        taskDefinition=main.stage.ecs._definition(2)
    )["taskDefinition"]
    assert main.rotated().state is State.DONE
    given = injected_in(main.stage.ecs.registered[main.stage.ecs.given[-1]])
    assert PinnedSecret.of(given["DATABASE_PASSWORD"]).version == f"v1-{OWN}"
    assert main.stage.connect.states[CONNECTOR] == "RUNNING"
    assert main.tries == []
    assert main.step().state is State.FAILED


def test_a_launch_stops_before_it_gives_workers_a_version_that_was_refused(main: Rotating):
    main.change_password()
    refuse(main)
    main.step()
    answer = main.stage.ask(Operation.CLUSTER)
    assert answer.state is State.FAILED
    assert f"secret {OWN}" in answer.summary
    main.stage.connect.invalid = {}
    main.change_password("the-third-password")
    assert main.stage.ask(Operation.CLUSTER).state is State.DONE


def test_a_call_of_ecs_that_may_succeed_later_is_repeated_by_the_next_run(
    main: Rotating, monkeypatch: pytest.MonkeyPatch
):
    main.change_password()
    register = main.stage.ecs.register_task_definition
    throttled = client_error("ThrottlingException", "Rate exceeded", "RegisterTaskDefinition")
    monkeypatch.setattr(
        main.stage.ecs, "register_task_definition", lambda **_: (_ for _ in ()).throw(throttled)
    )
    answer = main.step()
    assert (answer.state, main.rotation.phase, main.rotation.failed) == (State.WAITING, Phase.NONE, ())
    monkeypatch.setattr(main.stage.ecs, "register_task_definition", register)
    assert main.rotated().state is State.DONE


def test_a_call_of_ecs_that_is_denied_is_a_failure_that_names_it(
    main: Rotating, monkeypatch: pytest.MonkeyPatch
):
    main.change_password()
    denied = client_error("AccessDeniedException", "not authorized", "RegisterTaskDefinition")
    monkeypatch.setattr(main.stage.ecs, "register_task_definition", lambda **_: (_ for _ in ()).throw(denied))
    answer = main.step()
    assert answer.state is State.FAILED
    assert "ecs:RegisterTaskDefinition" in answer.summary
    assert main.record.secret_versions[OWN] == f"v1-{OWN}"
