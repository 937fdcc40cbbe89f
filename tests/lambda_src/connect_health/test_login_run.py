"""Lines of the worker's log that tell of a refused login: the connector stops, once, and people know why."""

import base64
import json
from typing import Any

import pytest

from connector.domain.admin_api import Operation
from connector.domain.health.halt import HALT_KEY, Halt, HaltedBy
from connector.domain.health.log_batch import is_log_batch
from connector.domain.health.refused import REFUSED_KEY, RefusedCredentials
from connector.domain.health.validation_mark import VALIDATION_KEY, ValidationMark
from connector.domain.secrets.brokers import KafkaAuth
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.record import RECORD_KEY
from lambda_src.connect_health.check import CheckAnswer
from lambda_src.connect_health.login_run import login_run
from tests.lambda_src.conftest import ADDRESS, FakeStage
from tests.lambda_src.connect_health.test_unconnected import LISTENER, LOCKED, LOGIN, not_started, retried
from tests.lambda_src.watched import Watched
from tests.support.fake_lambda_aws import client_error, secret_arn
from tests.support.log_batches import log_event

PATH, VERSION = "wms/main/dbInfo", "v1-wms/main/dbInfo"
SASL = (
    "2026-01-02T03:04:05.678Z ERROR [] [Producer clientId=x] Connection to node -1 failed authentication due "
    "to: Authentication failed during authentication due to invalid credentials with SASL mechanism "
    "SCRAM-SHA-512 [o.a.k.c.NetworkClient]"
)
#: Debezium's, while it validates a config.
VALIDATED = (
    "2026-01-02T03:04:05.678Z ERROR [] Failed testing primary connection for {...} with user "
    f"'u' [i.d.c.o.OracleConnector] {LOGIN}"
)
IN_A_ROW = (
    "2026-01-02T03:04:05.678Z WARN  [wms-oracle-cdc|task-0] DML statement couldn't be parsed. INSERT "
    'INTO "WMS"."T" ("A") VALUES (\'ORA-01017: x\') [i.d.c.o.l.X]'
)


class Refusing(Watched):
    """A stage whose worker logs."""

    def told(self, *lines: str, task: str = "0", ago: float = 1.0) -> CheckAnswer:
        """These lines, written some seconds ago by the worker of a task, come to the function."""
        event = log_event(self.stage.stage, lines, task=task, at=self.now - ago)
        assert is_log_batch(event)
        aws = self.stage.aws
        return login_run(event, self.stage.session(), aws.check_clients, aws.sns.arn, clock=lambda: self.now)

    @property
    def halt(self) -> Halt:
        item = self.stage.table.items.get(HALT_KEY)
        return Halt() if item is None else Halt.from_item(item)

    @property
    def refused(self) -> list[tuple[str, str]]:
        """Path and version of what was refused."""
        item = self.stage.table.items.get(REFUSED_KEY)
        found = RefusedCredentials() if item is None else RefusedCredentials.from_item(item)
        return [(each.path, each.version) for each in found.refused]

    @property
    def stops(self) -> int:
        return sum(path.endswith("/stop") for _, path in self.stage.connect.writes)


@pytest.fixture
def stage() -> Refusing:
    """A healthy stage, whose worker was made a minute after the secret had changed."""
    made = Refusing(FakeStage())
    world = made.stage
    world.ecs.secrets[1] = {
        "DATABASE_PASSWORD": f"{secret_arn(PATH)}:password::",
        "DATABASE_USER": f"{secret_arn(PATH)}:username::",
    }
    world.ecs.start(ADDRESS, at=made.now - 540)
    world.secrets.changed_at[PATH] = made.now - 600
    assert world.ask(Operation.REGISTER).changed
    return made


def test_the_connector_is_stopped_its_version_remembered_and_one_mail_sent(stage: Refusing):
    answer = stage.told(*retried(LOGIN))
    assert stage.stage.connect.states[CONNECTOR] == "STOPPED"
    assert (answer.facts["class"], answer.facts["notified"]) == ("login", "incident")
    assert stage.refused == [(PATH, VERSION)]
    assert (stage.halt.by, stage.halt.path, stage.halt.version) == (HaltedBy.LOGIN, PATH, VERSION)
    ((subject, text),) = stage.mails
    assert subject == "wms-connector-main: ConnectorStateFailed (login)"
    for words in (
        "Last error:   ORA-01017: invalid credential or not authorized; logon denied",
        "stopped the connector, which keeps its offsets",
        f"{PATH} (version v1-wms/m...) is not tried again",
        "Owner:        database",
        "docs/operations.md#connectorstatefailed",
    ):
        assert words in text


def test_what_follows_is_neither_stopped_nor_mailed_again(stage: Refusing):
    stage.told(*retried(LOGIN))
    stage.told(*not_started(LOCKED))
    for _ in range(5):
        found = stage.check()
        assert "the system did that" in found.summary
    assert (stage.stops, len(stage.mails)) == (1, 1)
    assert stage.restarts == 0


@pytest.mark.parametrize(
    "line",
    [
        *not_started(LISTENER),
        VALIDATED,
        retried(LOGIN)[0].replace(" ERROR ", " INFO "),
        IN_A_ROW,
        "2026-01-02T03:04:05.678Z ERROR [other|task-0] x [c.x.Y] java.sql.SQLException: ORA-01017: no",
    ],
    ids=["the listener refuses", "a validation", "no warning", "a row's value", "another connector"],
)
def test_what_is_no_refused_login_of_the_task_stops_nothing(stage: Refusing, line: str):
    stage.told(line)
    assert (stage.stops, stage.mails, stage.refused) == (0, [], [])


@pytest.mark.parametrize(
    ("began", "ended", "known"),
    [(-10, 20, True), (-10, 1, True), (-60, -40, False), (5, 20, False), (-10, None, False)],
    ids=["it runs", "it has just ended", "it was another one before", "it came later", "no end is known"],
)
def test_a_validation_by_a_launch_is_remembered_and_one_with_another_password_is_not(
    stage: Refusing, began: float, ended: float | None, known: bool
):
    """A rotation validates a config with a password that the worker has not."""
    mark = ValidationMark(stage.now + began, 0 if ended is None else stage.now + ended)
    stage.stage.table.items[VALIDATION_KEY] = mark.to_item()
    stage.told(VALIDATED)
    assert stage.refused == ([(PATH, VERSION)] if known else [])
    assert (stage.stops, stage.mails, stage.halt.by) == (0, [], None)


def test_of_a_worker_that_is_older_than_the_secrets_last_change_no_version_is_remembered(stage: Refusing):
    """Whichever version is in force now, that worker may have another one."""
    stage.stage.secrets.put(PATH, json.dumps({}), "v2", stage.now - 60)
    stage.told(*retried(LOGIN))
    assert stage.stage.connect.states[CONNECTOR] == "STOPPED"
    assert stage.refused == []
    assert (stage.halt.by, stage.halt.path, stage.halt.version) == (HaltedBy.LOGIN, PATH, "")
    assert "is not known, so none is remembered" in stage.mails[0][1]


def test_a_worker_whose_secret_is_deleted_blames_no_other(stage: Refusing):
    """It was launched with a wrong secret of the stage's own, which is gone: not the default's fault."""
    stage.stage.secrets.values["wms/default/dbInfo"] = stage.stage.secrets.values.pop(PATH)
    stage.told(*retried(LOGIN))
    assert stage.refused == []
    assert (stage.halt.path, stage.halt.version) == (PATH, "")


def test_the_version_that_a_task_definition_names_is_the_workers(stage: Refusing):
    stage.stage.ecs.secrets[1]["DATABASE_PASSWORD"] = f"{secret_arn(PATH)}:password::v7"
    stage.stage.secrets.put(PATH, json.dumps({}), "v8", stage.now)
    stage.told(*retried(LOGIN))
    assert stage.refused == [(PATH, "v7")]


def test_brokers_that_refuse_scram_are_told_with_the_secret_of_the_brokers(stage: Refusing):
    stage.stage.auth = KafkaAuth.SCRAM
    path = "wms/default/kafkaCredentials"
    stage.stage.secrets.values[path] = json.dumps({"username": "someone", "password": "something"})
    stage.stage.ecs.secrets[1]["KAFKA_PASSWORD"] = f"{secret_arn(path)}:password::"
    stage.told(SASL)
    assert stage.refused == [(path, f"v1-{path}")]
    ((subject, _),) = stage.mails
    assert subject == "wms-connector-main: ConnectorStateFailed (broker login)"


def test_brokers_that_judge_a_role_halt_nothing(stage: Refusing):
    stage.stage.auth = KafkaAuth.IAM
    stage.told(SASL)
    assert (stage.stops, stage.refused, stage.halt.by) == (0, [], None)
    assert "nothing was stopped" in stage.mails[0][1]


def test_a_worker_that_was_replaced_stops_nothing_any_more(stage: Refusing):
    old = stage.stage.ecs.tasks[0]
    stage.stage.ecs.stop(old, "Scaling activity", 0)
    stage.stage.secrets.changed_at[PATH] = stage.now - 60
    stage.stage.secrets.versions[PATH] = "v2"
    stage.stage.ecs.start(ADDRESS, at=stage.now - 5)
    stage.told(*retried(LOGIN))
    assert (stage.stops, stage.mails, stage.refused) == (0, [], [])


def test_a_worker_that_ends_for_its_login_is_told_although_the_next_one_runs_already(stage: Refusing):
    """The next one has the same version, and ends as well."""
    stage.stage.ecs.stop(stage.stage.ecs.tasks[0], "Essential container in task exited", 1)
    stage.stage.ecs.start(ADDRESS, at=stage.now - 5)
    stage.told(*retried(LOGIN))
    assert len(stage.mails) == 1
    assert stage.refused == [(PATH, VERSION)]


def test_a_worker_that_cannot_start_is_told_although_connect_cannot_be_asked(stage: Refusing):
    stage.stage.connect.addresses = []
    stage.stage.ecs.stop(stage.stage.ecs.tasks[0], "Essential container in task exited", 1)
    stage.told(*retried(LOGIN))
    ((_, text),) = stage.mails
    assert "the connector could not be stopped" in text
    assert stage.refused == [(PATH, VERSION)]


def test_while_connect_rebalances_the_stop_is_asked_for_again(stage: Refusing):
    stage.stage.connect.error = [(409, "a rebalance"), (500, "no leader")]
    stage.told(*retried(LOGIN))
    assert stage.stage.connect.states[CONNECTOR] == "STOPPED"


def test_a_teardown_is_left_alone(stage: Refusing):
    stage.stage.table.items[RECORD_KEY] = {"id": RECORD_KEY, "retiring": True}
    stage.told(*retried(LOGIN))
    assert (stage.stops, stage.mails) == (0, [])


def test_a_line_from_before_the_end_of_a_halt_is_no_news(stage: Refusing):
    stage.told(*retried(LOGIN))
    stage.stage.table.items[HALT_KEY] = stage.halt.next(at=int(stage.now)).to_item()
    stage.stage.connect.states[CONNECTOR] = "RUNNING"
    stage.told(*retried(LOGIN), ago=30)
    assert stage.stops == 1
    stage.now += 60
    stage.told(*retried(LOGIN), ago=2)
    assert stage.stops == 2


def test_what_an_operator_has_halted_stays_the_operators(stage: Refusing):
    stage.stage.ask(Operation.PAUSE)
    stage.told(*retried(LOGIN))
    assert (stage.halt.by, stage.mails) == (HaltedBy.OPERATOR, [])
    assert stage.refused == [(PATH, VERSION)]


def test_a_stale_mark_of_an_operator_hides_no_refused_login(stage: Refusing):
    """Somebody has resumed the connector through Connect's REST API, and no check has run since."""
    stage.stage.ask(Operation.STOP)
    url = f"http://127.0.0.9:8083/connectors/{CONNECTOR}/resume"
    stage.stage.connect.request("PUT", url, None, 1)
    stage.told(*retried(LOGIN))
    assert (stage.halt.by, stage.stage.connect.states[CONNECTOR]) == (HaltedBy.LOGIN, "STOPPED")
    assert len(stage.mails) == 1


def test_a_mail_that_sns_refuses_is_sent_by_the_next_check(stage: Refusing):
    stage.stage.aws.sns.refusal = client_error("AuthorizationError", "no", "Publish")
    with pytest.raises(Exception, match="sns:Publish"):
        stage.told(*retried(LOGIN))
    stage.stage.aws.sns.refusal = None
    stage.check()
    assert stage.subjects == ["ConnectorStateFailed (login)"]


@pytest.mark.parametrize("data", ["", "no base64!", base64.b64encode(b"no gzip").decode(), 7, None])
def test_a_batch_in_another_form_is_an_error_that_quotes_no_line(stage: Refusing, data: Any):
    aws = stage.stage.aws
    with pytest.raises(Exception, match="came in a form that cannot be read") as error:
        login_run({"awslogs": {"data": data}}, stage.stage.session(), aws.check_clients, aws.sns.arn)
    assert str(data or "-") not in str(error.value)


def test_a_check_stops_what_no_line_has_told_of(stage: Refusing):
    """The filter may be missing, as before the first launch of this version."""
    stage.stage.connect.debezium = None
    stage.stage.logs.lines = [
        (stage.now, line.replace("2026-01-02T03:04:05.678Z", "2027-01-15T08:09:00.000Z"))
        for line in retried(LOGIN)
    ]
    stage.check()
    assert stage.stage.connect.states[CONNECTOR] == "STOPPED"
    assert stage.refused == [(PATH, VERSION)]
    stage.check()
    assert stage.subjects == ["SourceDisconnected (login)"]
    assert "stopped the connector" in stage.mails[0][1]


@pytest.mark.parametrize("connected", [True, False])
def test_a_mark_ends_when_somebody_has_started_the_connector_by_hand(stage: Refusing, connected: bool):
    """RUNNING without a connection may mean that Connect could not be asked to stop it: the mark stays."""
    stage.told(*retried(LOGIN))
    stage.stage.connect.states[CONNECTOR] = "RUNNING"
    stage.stage.connect.tasks[CONNECTOR] = {"id": 0, "state": "RUNNING", "worker_id": f"{ADDRESS}:8083"}
    if not connected:
        stage.stage.connect.debezium = None
    stage.check(1)
    assert stage.halt.by is HaltedBy.LOGIN, "Connect may still show the state from before"
    stage.check(5)
    assert stage.halt.by is (None if connected else HaltedBy.LOGIN)


def test_the_end_is_mailed_when_it_streams_again(stage: Refusing):
    stage.told(*retried(LOGIN))
    stage.check()
    stage.stage.connect.states[CONNECTOR] = "RUNNING"
    stage.stage.connect.tasks[CONNECTOR] = {"id": 0, "state": "RUNNING", "worker_id": f"{ADDRESS}:8083"}
    for _ in range(3):
        stage.check()
    assert stage.subjects == ["ConnectorStateFailed (login)", "recovered from ConnectorStateFailed"]


def test_status_tells_who_has_halted_the_connector_and_what_is_not_tried(stage: Refusing):
    stage.told(*retried(LOGIN))
    found = stage.stage.ask(Operation.STATUS).details["halt"]
    assert (found["halted"], found["by"]) == (True, "login")
    assert found["refused"] == [f"{PATH} (version v1-wms/m...)"]
    assert "the system did that" in found["reason"]
