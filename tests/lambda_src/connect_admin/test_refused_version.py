"""A version of a secret that was refused is tried by nobody: no registration, no restart, no health check."""

import json
from collections.abc import Mapping

import pytest

from connector.domain.admin_api import Answer, Operation, State
from connector.domain.health.halt import HALT_KEY, Halt, HaltedBy
from connector.domain.health.refused import REFUSED_KEY, RefusedCredentials, RefusedVersion
from connector.domain.health.validation_mark import VALIDATION_KEY, ValidationMark
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.connect_admin import operations
from tests.lambda_src.conftest import ADDRESS, PASSWORD, USER, FakeStage
from tests.lambda_src.watched import Watched
from tests.support.fake_lambda_aws import secret_arn

PATH, VERSION = "wms/main/dbInfo", "v1-wms/main/dbInfo"
RIGHT = json.dumps({"host": "127.0.0.8", "dbname": "WMSPRD", "username": USER, "password": PASSWORD})
CREDENTIALS = "wms/default/kafkaCredentials"
#: Debezium's answer to a validation whose login was refused.
HIDDEN = "Unable to connect (primary): Failed to resolve Oracle database version"
#: Everything that makes a task or a validation log in.
LOGGING_IN = (Operation.VALIDATE, Operation.REGISTER, Operation.RESTART, Operation.RESUME)
NEVER = pytest.mark.parametrize("operation", LOGGING_IN)


def injected(path: str) -> Mapping[str, str]:
    return {"DATABASE_PASSWORD": f"{secret_arn(path)}:password::"}


@pytest.fixture
def stage(world: FakeStage) -> FakeStage:
    """Main, stopped after its login was refused."""
    world.ecs.tasks.clear()
    world.ecs.secrets[1] = dict(injected(PATH))
    world.ecs.start(ADDRESS, at=1_700_000_000)
    assert world.ask(Operation.REGISTER).changed
    world.ask(Operation.RECORD)
    world.ask(Operation.STOP)
    refuse(world)
    world.connect.requests.clear()
    world.kafka.settings = {}
    return world


def refuse(world: FakeStage, path: str = PATH, version: str = VERSION, *, halted: bool = True) -> None:
    found = [RefusedVersion(path, version, "login", 1_700_000_000)] if version else []
    world.table.items[REFUSED_KEY] = RefusedCredentials().remembering(found).to_item()
    halt = Halt().next(by=HaltedBy.LOGIN, at=5, secret="dbInfo", path=path, version=version, task="0")
    if halted:
        world.table.items[HALT_KEY] = halt.to_item()


def ask(world: FakeStage, operation: Operation, *, retry_login: bool = False) -> Answer:
    session = world.session()
    session.retry_login = retry_login
    return operations.answer(operation, session)


def halted_by(world: FakeStage) -> HaltedBy | None:
    return Halt.from_item(world.table.items[HALT_KEY]).by


@NEVER
def test_it_is_refused_without_a_login_in_one_line_with_the_next_step(stage: FakeStage, operation: Operation):
    answer = stage.ask(operation)
    assert answer.state is State.FAILED
    assert f"secret {PATH} (version v1-wms/m...) was refused" in answer.summary
    assert "write the right value into that secret: a stage that has streamed takes it" in answer.summary
    assert "wms-connector rotate main --retry-login if they have another" in answer.summary
    assert "wms-connector resume main --retry-login if the workers have it" in answer.summary
    assert stage.connect.requests == []


@NEVER
def test_workers_that_still_have_it_are_not_used_though_the_secret_is_right(
    stage: FakeStage, operation: Operation
):
    """Such workers have started before the new version: Connect would let them log in."""
    stage.ecs.secrets[1]["DATABASE_PASSWORD"] += VERSION
    stage.secrets.put(PATH, RIGHT, "v2", 1_700_000_100)
    answer = stage.ask(operation)
    assert answer.state is State.FAILED
    assert "worker 0 still has what was refused" in answer.summary
    assert stage.connect.requests == []


@NEVER
def test_the_worker_that_was_refused_is_known_by_itself_where_its_version_is_not(
    stage: FakeStage, operation: Operation
):
    refuse(stage, version="")
    stage.secrets.put(PATH, RIGHT, "v2", 1_800_000_000)
    answer = stage.ask(operation)
    assert answer.state is State.FAILED
    assert f"the login of worker 0 with secret {PATH} was refused" in answer.summary
    assert stage.connect.requests == []


def test_a_launch_with_a_new_version_starts_the_connector_again(stage: FakeStage):
    """By then CloudFormation has replaced the workers."""
    stage.secrets.put(PATH, RIGHT, "v2", 1_700_000_100)
    stage.ecs.stop(stage.ecs.tasks[0], "Scaling activity", 0)
    stage.ecs.start(ADDRESS, at=1_700_000_200)
    assert stage.ask(Operation.VALIDATE).state is State.DONE
    answer = stage.ask(Operation.REGISTER)
    assert answer.summary.endswith("it was stopped after a refused login, and goes on from its offset")
    assert (stage.connect.states[CONNECTOR], halted_by(stage)) == ("RUNNING", None)


def test_a_resume_that_connect_refuses_for_now_is_asked_for_again_and_the_halt_stays(stage: FakeStage):
    stage.secrets.put(PATH, RIGHT, "v2", 1_700_000_100)
    stage.ecs.stop(stage.ecs.tasks[0], "Scaling activity", 0)
    stage.ecs.start(ADDRESS, at=1_700_000_200)
    stage.connect.error, stage.connect.error_for = [(409, "a rebalance")], "PUT"
    assert stage.ask(Operation.REGISTER).state is State.WAITING
    assert halted_by(stage) is HaltedBy.LOGIN
    assert stage.ask(Operation.REGISTER).state is State.DONE
    assert (stage.connect.states[CONNECTOR], halted_by(stage)) == ("RUNNING", None)


def test_a_launch_leaves_what_an_operator_has_stopped(stage: FakeStage):
    stage.ask(Operation.STOP)
    assert halted_by(stage) is HaltedBy.OPERATOR
    del stage.table.items[REFUSED_KEY]
    assert stage.ask(Operation.REGISTER).state is State.DONE
    assert stage.connect.states[CONNECTOR] == "STOPPED"
    answer = stage.ask(Operation.VERIFY)
    assert "an operator did that" in answer.summary


def test_verify_says_why_the_system_has_stopped_it(stage: FakeStage):
    answer = stage.ask(Operation.VERIFY)
    assert answer.state is State.FAILED
    assert "the system did that" in answer.summary
    assert f"the login with secret {PATH} (version v1-wms/m...) was refused" in answer.summary


def test_an_operator_may_have_it_tried_once_more(stage: FakeStage):
    answer = ask(stage, Operation.RESUME, retry_login=True)
    assert answer.state is State.DONE, answer.summary
    assert (stage.connect.states[CONNECTOR], halted_by(stage)) == ("RUNNING", None)
    assert RefusedCredentials.from_item(stage.table.items[REFUSED_KEY]).refused == ()


def test_it_may_be_tried_again_before_there_is_a_connector(stage: FakeStage):
    """As after a first launch, whose account was locked: the next launch is to log in."""
    stage.connect.configs.clear()
    stage.connect.states.clear()
    assert "launch the stage to register it" in ask(stage, Operation.RESUME, retry_login=True).summary
    assert stage.ask(Operation.VALIDATE).state is State.DONE


@pytest.mark.parametrize("operation", [Operation.PAUSE, Operation.STOP])
def test_whoever_halts_the_connector_is_remembered_until_it_is_resumed(
    world: FakeStage, operation: Operation
):
    assert world.ask(Operation.REGISTER).changed
    world.ask(operation)
    assert halted_by(world) is HaltedBy.OPERATOR
    world.ask(Operation.RESUME)
    assert halted_by(world) is None


def test_a_validation_that_is_refused_is_remembered(world: FakeStage):
    world.ecs.tasks.clear()
    world.ecs.secrets[1] = dict(injected(PATH))
    world.ecs.start(ADDRESS, at=1_700_000_000)
    world.connect.invalid = {"database.hostname": "Unable to connect: ORA-01017: invalid credential"}
    first, second = world.ask(Operation.VALIDATE), world.ask(Operation.VALIDATE)
    assert "refuses the login" in first.summary
    assert "is not tried again" in second.summary
    assert sum(path.endswith("/validate") for _, path in world.connect.requests) == 1


def test_a_validation_whose_answer_hides_the_cause_waits_for_the_log(world: FakeStage):
    """Connect's answer does not name a refused login; the health function has read it in the log by then."""
    world.connect.invalid = {"database.hostname": HIDDEN}
    world.ecs.secrets[1] = dict(injected(PATH))
    world.time.on_sleep = lambda: refuse(world, halted=False)
    answer = world.ask(Operation.VALIDATE)
    assert f"secret {PATH} (version v1-wms/m...) was refused" in answer.summary


def test_a_function_that_is_killed_while_it_validates_leaves_a_mark_that_ends(
    world: FakeStage, monkeypatch: pytest.MonkeyPatch
):
    """A refused validation of the day after is another one's, and none of the worker's own credentials."""
    written: list[ValidationMark] = []
    monkeypatch.setattr("lambda_src.logins.write_validation", lambda _, mark: written.append(mark))
    assert world.ask(Operation.VALIDATE).state is State.DONE
    while_it_runs = written[0]
    assert while_it_runs.covers(while_it_runs.began + 29)
    assert not while_it_runs.covers(while_it_runs.began + 60)


def test_without_a_line_in_the_log_its_own_words_are_shown(world: FakeStage):
    world.connect.invalid = {"database.hostname": HIDDEN}
    answer = world.ask(Operation.VALIDATE)
    assert "gives the connector no session" in answer.summary
    assert ValidationMark.from_item(world.table.items[VALIDATION_KEY]).ended


def test_of_workers_with_different_versions_a_validation_blames_none(world: FakeStage):
    world.ecs.tasks.clear()
    for revision, version in ((1, "v1"), (2, "v2")):
        world.ecs.secrets[revision] = {"DATABASE_PASSWORD": f"{secret_arn(PATH)}:password::{version}"}
        world.ecs.start(ADDRESS, revision=revision)
    world.connect.invalid = {"database.hostname": "Unable to connect: ORA-01017: invalid credential"}
    world.ask(Operation.VALIDATE)
    assert REFUSED_KEY not in world.table.items


def test_another_error_of_the_validation_is_not_remembered(world: FakeStage):
    world.ecs.secrets[1] = {"DATABASE_PASSWORD": f"{secret_arn(PATH)}:password::v1"}
    world.connect.invalid = {"database.hostname": "Unable to connect: ORA-12541: no listener"}
    world.ask(Operation.VALIDATE)
    assert REFUSED_KEY not in world.table.items


def test_the_health_check_registers_nothing_with_it(stage: FakeStage):
    stage.connect.configs.clear()
    stage.connect.states.clear()
    stage.connect.tasks.clear()
    watched = Watched(stage)
    found = [watched.check() for _ in range(3)]
    assert "was refused before" in found[-1].facts["withheld"]
    assert stage.connect.writes == []


def test_the_functions_own_clients_do_not_try_what_brokers_have_refused(stage: FakeStage):
    stage.auth = KafkaAuth.SCRAM
    stage.secrets.values[CREDENTIALS] = json.dumps({"username": "someone", "password": "something"})
    refuse(stage, CREDENTIALS, f"v1-{CREDENTIALS}", halted=False)
    answer = stage.ask(Operation.TOPICS)
    assert answer.state is State.FAILED
    assert f"secret {CREDENTIALS} (version " in answer.summary
    assert stage.kafka.settings == {}
