"""Events of ECS's reach people: one mail for an incident, whatever the event holds and whatever is broken."""

import json
import threading
import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.domain.admin_api import Operation
from connector.domain.diagnosis.redaction import without_values
from connector.domain.errors import ServerError
from connector.domain.health.alarm import RUNBOOK
from connector.domain.health.error_classes import named
from connector.domain.health.printable import KEPT, printable
from connector.domain.health.state import STATE_KEY, HealthState
from connector.domain.health.worker_event import is_event, parse
from connector.domain.stage.record import RECORD_KEY, StageRecord
from lambda_src.connect_health import handler as entry
from lambda_src.connect_health import runs
from lambda_src.connect_health.check import CheckAnswer, CheckClients
from lambda_src.connect_health.worker_run import worker_run
from tests.lambda_src.conftest import ADDRESS, PASSWORD, VARIABLES, FakeStage
from tests.lambda_src.watched import MINUTES, Watched
from tests.support.ecs_samples import MAILED, SAMPLES, Sample, event, stopped
from tests.support.fake_lambda_aws import FakeContext, client_error

EXITED = "the worker exits by itself"
MEMORY = "the worker runs out of memory"


class Stopping(Watched):
    """A stage whose worker stops, as ECS tells."""

    def told(self, content: object, minutes: float = 0) -> CheckAnswer:
        """One event, some minutes later, handled with a session of its own."""
        self.now += minutes * MINUTES
        aws = self.stage.aws
        return worker_run(
            content, self.stage.session(), aws.check_clients, aws.sns.arn, clock=lambda: self.now
        )

    def stops(self, task: object, minutes: float = 0, **changes: Any) -> CheckAnswer:
        """A worker's task ends now."""
        self.now += minutes * MINUTES
        at = datetime.fromtimestamp(self.now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return self.told(stopped(str(task), at, **changes))

    def silence(self) -> None:
        """No worker answers any more."""
        self.stage.connect.addresses = []

    @property
    def state(self) -> HealthState:
        return HealthState.from_item(self.stage.table.items[STATE_KEY])


@pytest.fixture
def stage(registered: FakeStage) -> Stopping:
    return Stopping(registered)


@pytest.fixture
def registered(world: FakeStage) -> FakeStage:
    """A stage that is healthy."""
    assert world.ask(Operation.REGISTER).changed
    return world


# -- what a mail says ------------------------------------------------------------


@pytest.mark.parametrize("sample", MAILED, ids=lambda sample: sample.what)
def test_each_event_is_mailed_with_its_class_and_ecss_own_words(stage: Stopping, sample: Sample):
    content = sample.event
    assert is_event(content)
    stage.told(content)
    ((subject, text),) = stage.mails
    assert subject == f"wms-connector-main: {sample.rule} ({sample.error_class})"
    cause = named(sample.error_class)
    assert cause.name == sample.error_class
    detail = content["detail"]
    containers = detail.get("containers", [])
    said = [detail.get(key) for key in ("stoppedReason", "stopCode", "eventName", "reason")]
    said += [each.get("reason") for each in containers]
    said += [f"exit code {each['exitCode']}" for each in containers if "exitCode" in each]
    for words in filter(None, said):
        assert words in text
    about = detail["taskArn"] if "taskArn" in detail else content["resources"][0]
    assert f"{'Task:' if 'taskArn' in detail else 'Service:':<13} {about}\n" in text
    for words in ("Stage main, 20", "123456789012", "us-east-1", cause.owner.value, cause.next_step):
        assert words in text
    assert f"{RUNBOOK}#{sample.rule.lower()}" in text
    assert "Workers now:  1 of 1 tasks running" in text


@pytest.mark.parametrize("sample", [s for s in MAILED if s.rule == "TaskNotStarted"], ids=lambda s: s.what)
def test_nobody_is_sent_to_the_log_of_a_task_that_never_started(stage: Stopping, sample: Sample):
    stage.told(sample.event)
    ((_, text),) = stage.mails
    assert "it has no log" in text
    assert "wms-connector logs" not in text


def test_an_old_event_says_when_it_was_and_that_it_is_told_late(stage: Stopping):
    at = datetime.fromtimestamp(stage.now - 40 * MINUTES, UTC)
    stage.told(stopped("1", at.isoformat()))
    ((_, text),) = stage.mails
    assert f"{at:%Y-%m-%d %H:%M} UTC, reported 40 minutes late" in text


def test_what_is_confidential_is_redacted_in_a_mail_as_in_every_other(stage: Stopping):
    reason = f'{PASSWORD} refused: INSERT INTO "WMS"."T" ("A") VALUES (\'row value\')'
    answer = stage.stops(1, stoppedReason=reason)
    ((_, text),) = stage.mails
    assert "*** refused" in text
    assert PASSWORD not in text
    assert "row value" not in text
    assert "row value" not in answer.summary


# -- one mail for an incident ------------------------------------------------------


def test_a_single_stop_is_one_mail_and_its_end_another(stage: Stopping):
    stage.check()
    assert stage.stops(1, 2).facts["notified"] == "incident"
    stage.check(5)
    assert stage.subjects == ["TaskStopped (worker)"]
    stage.check(5)
    assert stage.subjects == ["TaskStopped (worker)", "recovered from TaskStopped"]
    assert "Events:       1 TaskStopped" in stage.mails[1][1]


@pytest.mark.parametrize("lives", [1, 7, 12, 40], ids=lambda lives: f"a worker lives {lives} minutes")
@pytest.mark.parametrize("found", [False, True], ids=["checks find it well", "checks find it down"])
def test_a_crash_loop_of_hours_is_not_a_mail_for_each_stop(stage: Stopping, lives: int, found: bool):
    """Every stop comes with an event, and each check finds a worker that runs, or none."""
    down, stops = set(range(5)), 0
    for minute in range(300):
        if minute % lives == 0:
            stops += 1
            stage.stops(minute, 1)
        else:
            stage.now += MINUTES
        if minute % 10 == 9:
            if found and minute // 10 in down:
                stage.silence()
            stage.check(0)
            stage.stage.connect.addresses = [ADDRESS]
    # A check may find the stage well for long enough after the first stop; the second one shows the loop.
    again = 2 if lives == 40 and not found else 1
    assert stage.subjects.count("TaskStopped (worker)") == again
    assert len(stage.subjects) == 2 * again - 1
    for _ in range(8):
        stage.check()
    assert stage.subjects[2 * again - 1 :] == ["recovered from TaskStopped"]
    assert f"{stops - again + 1} TaskStopped" in stage.mails[-1][1]


def test_the_end_of_a_loop_is_told_after_an_hour_without_a_stop(stage: Stopping):
    for task in range(3):
        stage.stops(task, 1)
    for _ in range(5):
        stage.check()
    assert stage.subjects == ["TaskStopped (worker)"]
    stage.check()
    assert stage.subjects == ["TaskStopped (worker)", "recovered from TaskStopped"]


@pytest.mark.parametrize("told", [EXITED, MEMORY])
def test_checks_that_find_the_same_worker_away_do_not_mail_it_again(stage: Stopping, told: str):
    """They know no class for it; an event that names one has said more."""
    stage.told(event(told))
    mailed = list(stage.subjects)
    assert len(mailed) == 1
    (task,) = stage.stage.ecs.tasks
    stage.stage.ecs.stop(task, "Essential container in task exited", 1)
    stage.silence()
    for _ in range(4):
        answer = stage.check()
    assert set(answer.facts["causes"]) == {"EcsServiceUnhealthy", "ConnectApiUnreachable"}
    assert stage.subjects == mailed


def test_an_event_of_another_class_joins_the_incident_with_a_mail_of_its_own(stage: Stopping):
    stage.stops(1)
    stage.told(event(MEMORY), 1)
    stage.told({**event("the registry cannot be reached"), "id": "2"}, 1)
    assert stage.subjects == [
        "TaskStopped (worker)",
        "TaskStopped (memory)",
        "TaskNotStarted (worker-network)",
    ]


def test_an_event_of_a_class_that_says_more_is_mailed_beside_one_that_says_less(stage: Stopping):
    stage.stops("other")
    stage.told(event("the registry cannot be reached"), 1)
    stage.told(event("a deployment failed"), 1)
    assert stage.subjects == ["TaskStopped (worker)", "TaskNotStarted (worker-network)"]
    assert "Joins:        an incident that was mailed" in stage.mails[1][1]
    assert "So far:       1 TaskStopped, 1 TaskNotStarted" in stage.mails[1][1]


def test_a_worker_that_ends_because_the_brokers_are_away_is_no_news(stage: Stopping):
    stage.stage.kafka.unreachable = True
    for _ in range(2):
        stage.check()
    assert stage.subjects == ["BrokersUnreachable (brokers)"]
    stage.stops(1)
    assert stage.subjects == ["BrokersUnreachable (brokers)"]


def test_an_event_counts_as_no_check(stage: Stopping):
    """What a check has found gets no older and no younger by events."""
    stage.silence()
    stage.check()
    before = stage.state.found_since
    for task in range(3):
        stage.told(event("the service cannot place a task", createdAt=task), 1)
    assert stage.state.found_since == before
    assert stage.subjects == ["ServiceTrouble (worker-capacity)"]


# -- what is not mailed --------------------------------------------------------------


def test_what_a_deployment_or_a_scaling_stops_is_not_mailed(stage: Stopping):
    stage.told(event("a deployment or a scale-in stops a worker"))
    assert stage.mails == []
    assert STATE_KEY not in stage.stage.table.items


def test_a_stage_that_is_torn_down_mails_nothing(stage: Stopping):
    record = StageRecord("main", "cluster-1", "000000000000", (), "hash", retiring=True)
    stage.stage.table.items[RECORD_KEY] = record.to_item()
    stage.stops(1)
    assert stage.mails == []


def test_an_event_that_is_delivered_twice_counts_once(stage: Stopping):
    content = event(EXITED)
    stage.told(content)
    stage.told(content, 2)
    assert len(stage.mails) == 1
    assert stage.state.worker.counts == {"TaskStopped": 1}


# -- whatever is broken ------------------------------------------------------------------


def test_it_needs_neither_connect_nor_brokers_nor_database_nor_secrets(stage: Stopping):
    """Events come when these do not answer."""
    stage.stage.secrets.values.clear()
    stage.silence()
    stage.stage.kafka.unreachable = True
    stage.stage.listener.error = "refused"
    stage.stage.connect.requests.clear()
    stage.stops(1)
    assert stage.subjects == ["TaskStopped (worker)"]
    assert stage.stage.connect.requests == []
    assert stage.stage.listener.probed == []


def test_a_service_that_cannot_be_described_does_not_keep_the_mail_back(
    stage: Stopping, monkeypatch: pytest.MonkeyPatch
):
    def refuse(**_: object) -> None:
        raise client_error("ServerException", "try again")

    monkeypatch.setattr(stage.stage.ecs, "describe_services", refuse)
    stage.stops(1)
    ((_, text),) = stage.mails
    assert "Workers now:  not known: AWS refused ecs:DescribeServices" in text


def test_a_mail_that_sns_refuses_is_an_error_and_the_next_event_is_mailed(stage: Stopping):
    stage.stage.aws.sns.refusal = client_error("KMSAccessDenied", "no")
    with pytest.raises(ServerError, match="sns:Publish"):
        stage.stops(1)
    assert stage.state.incident is None
    stage.stage.aws.sns.refusal = None
    # Lambda or a person may hand over the same event again.
    stage.stops(1)
    assert stage.subjects == ["TaskStopped (worker)"]
    assert stage.state.worker.counts == {"TaskStopped": 1}


def test_a_state_that_cannot_be_read_is_an_error_so_that_the_event_is_kept(
    stage: Stopping, monkeypatch: pytest.MonkeyPatch
):
    def refuse(**_: object) -> None:
        raise client_error("AccessDeniedException", "no")

    monkeypatch.setattr(stage.stage.table, "get_item", refuse)
    with pytest.raises(ServerError, match="AccessDenied"):
        stage.stops(1)
    assert stage.mails == []


# -- at the same time ----------------------------------------------------------------------


def test_events_at_the_same_time_are_one_mail_and_none_is_lost(
    stage: Stopping, monkeypatch: pytest.MonkeyPatch
):
    errors: list[BaseException] = []
    start, read, reads = threading.Barrier(6), stage.stage.table.get_item, threading.local()

    def together(*, Key: dict[str, str], ConsistentRead: bool) -> Any:  # noqa: N803 - boto3's
        found = read(Key=Key, ConsistentRead=ConsistentRead)
        if Key["id"] == STATE_KEY and not hasattr(reads, "done"):
            # All have read the same state before any of them writes.
            reads.done = True
            start.wait()
        return found

    def tell(task: int) -> None:
        try:
            stage.stops(task)
        except BaseException as error:  # noqa: BLE001 - shown below
            errors.append(error)

    monkeypatch.setattr(stage.stage.table, "get_item", together)
    threads = [threading.Thread(target=tell, args=(task,)) for task in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert stage.subjects == ["TaskStopped (worker)"]
    assert stage.state.worker.counts == {"TaskStopped": 6}


def test_an_event_between_a_checks_reading_and_writing_does_not_keep_the_check_from_counting(
    stage: Stopping, monkeypatch: pytest.MonkeyPatch
):
    """In a crash loop that would be each check."""
    stage.silence()
    publish = stage.stage.aws.cloudwatch.put_metric_data

    def while_it_is_under_way(**data: Any) -> Any:
        stage.stops(len(stage.metrics))
        return publish(**data)

    monkeypatch.setattr(stage.stage.aws.cloudwatch, "put_metric_data", while_it_is_under_way)
    stage.check()
    first = int(stage.now)
    stage.check()
    assert stage.state.found_since["ConnectApiUnreachable"] == first
    assert stage.subjects == ["TaskStopped (worker)"]
    assert stage.state.worker.counts == {"TaskStopped": 2}


def test_an_event_restarts_nothing_so_a_schedule_at_the_same_time_claims_its_restart_alone(stage: Stopping):
    stage.fail("java.net.SocketException: Broken pipe", for_ever=True)
    stage.stops(1)
    assert stage.restarts == 0
    stage.check()
    stage.stops(2)
    assert stage.restarts == 1


# -- any value --------------------------------------------------------------------------------


NASTY = st.sampled_from(
    ['"', "\\", "\n", "\r\n", "\x00", "\x1b[31m", "\u2028", "\ud800", "é", "錯誤", "🔥", "{}", "<a>"]
)
TEXT = st.one_of(st.text(), st.lists(NASTY | st.text(max_size=5), max_size=40).map("".join))
LONG = st.builds(lambda text, times: (text or "x") * times, TEXT, st.sampled_from([1, 50, 2048]))
LEAF = st.one_of(TEXT, st.none(), st.booleans(), st.integers(), st.floats())
ANY = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=8
)
#: What a field of the event is called, and how to set it.
FIELDS = (
    *((key,) for key in ("id", "source", "detail-type", "account", "time", "region", "resources", "detail")),
    *(
        ("detail", key)
        for key in ("taskArn", "stopCode", "stoppedReason", "containers", "lastStatus", "group")
    ),
    *(("detail", key) for key in ("eventType", "eventName", "reason")),
    *(("detail", "containers", 0, key) for key in ("reason", "exitCode", "name")),
)


def with_value(content: dict[str, Any], path: tuple[Any, ...], value: object) -> dict[str, Any]:
    """The event with one field changed, if it has such a field."""
    target: Any = content
    for part in path[:-1]:
        if (isinstance(target, list) and part < len(target)) or (isinstance(target, dict) and part in target):
            target = target[part]
        else:
            return content
    if isinstance(target, dict):
        target[path[-1]] = value
    return content


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(sample=st.sampled_from(MAILED), path=st.sampled_from(FIELDS), value=ANY | LONG)
def test_whatever_a_field_holds_a_mail_is_made_and_nothing_that_ecs_said_is_lost(
    sample: Sample, path: tuple[Any, ...], value: object
):
    stage = Stopping(_fresh())
    content = with_value(sample.event, path, value)
    assert is_event(content)
    answer = stage.told(content)
    if parse(content).planned:
        return
    ((subject, text),) = stage.mails
    # SNS's rule for a subject; the fake refuses what breaks it, too.
    assert len(subject) <= 100
    assert subject.isascii()
    assert subject.isprintable()
    assert subject.startswith("wms-connector-main: ")
    assert not [
        character
        for character in text
        if unicodedata.category(character) in ("Cc", "Cs") and character != "\n"
    ]
    # As SNS and the log take it, and DynamoDB the state.
    assert json.loads(json.dumps({"Message": text}).encode()) == {"Message": text}
    text.encode()
    json.dumps([answer.summary, answer.facts]).encode()
    json.dumps(stage.stage.table.items[STATE_KEY]).encode()
    said = ("detail", "stoppedReason" if "taskArn" in sample.content["detail"] else "reason")
    if path == said and isinstance(value, str):
        assert _kept(value) in text


def _kept(value: str) -> str:
    """What a mail shows of a text: one line, printable, without values of rows; both ends if it is long."""
    return without_values(printable(value))


def _fresh() -> FakeStage:
    fresh = FakeStage()
    fresh.ecs.start(ADDRESS)
    return fresh


@given(value=st.text(max_size=2 * 1024))
def test_a_text_of_two_kilobytes_is_kept_whole(value: str):
    """What cannot be printed is a question mark; blanks of all kinds are one blank."""
    kept = printable(value)
    assert len(value) <= KEPT
    assert [len(word) for word in kept.split(" ")] == [len(word) for word in value.split() or [""]]
    assert all(shown in (given, "?") for shown, given in zip(kept, " ".join(value.split()), strict=True))


@pytest.mark.parametrize(
    "content",
    [
        {"source": "aws.ecs"},
        {"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": None},
        {"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": {"lastStatus": "RUNNING"}},
        {"source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification", "detail": {}},
        {"detail-type": ["ECS Service Action"], "detail": 7},
        *(
            sample.content
            for sample in SAMPLES
            if sample.what in ("a worker starts", "the service is steady")
        ),
    ],
)
def test_an_event_of_no_known_shape_is_told_with_all_that_it_holds(stage: Stopping, content: dict[str, Any]):
    stage.told(content)
    ((subject, text),) = stage.mails
    assert subject == "wms-connector-main: UnreadableEvent (worker-event)"
    assert json.dumps(content, ensure_ascii=False) in text
    stage.told(content, 1)
    assert len(stage.mails) == 1


# -- the entry ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [{}, None, [], "x", 7, {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}],
)
def test_the_schedule_and_a_call_by_hand_make_a_check(content: object):
    assert not is_event(content)


def test_the_handler_handles_an_event_and_logs_what_came_of_it(
    stage: Stopping, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    aws = stage.stage.aws
    monkeypatch.setattr(CheckClients, "real", lambda: aws.check_clients)
    monkeypatch.setattr(runs, "check_run", lambda *_: pytest.fail("a check was made"))
    answer = entry.handler(event(MEMORY), FakeContext(aws.names.connect_health, aws.account))
    assert (answer["event"], answer["class"], answer["notified"]) == ("TaskStopped", "memory", "incident")
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["stage"]) == ("ERROR", "main")
    assert "OutOfMemoryError" in line["message"]
    assert stage.subjects == ["TaskStopped (memory)"]
