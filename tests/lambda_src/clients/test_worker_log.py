"""Of the worker's log, only the newest trace of a task counts."""

import time

import pytest

from connector.domain.admin_api import Operation
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.finding import Finding
from connector.domain.health.verdict import decide
from lambda_src.clients.worker_log import SECONDS, events_with, is_trace, last_failure
from lambda_src.observe import observe
from tests.lambda_src.conftest import FakeStage
from tests.support.fake_lambda_aws import FakeLogs, client_error

NOW = 1_800_000_000.0
OF_TASK = "2026-01-02T03:04:05.678Z WARN  [wms-oracle-cdc|task-0] "
#: As Connect 4.3.1 writes it when the task's thread has lost its prefix.
WITHOUT_PREFIX = (
    "2026-01-02T03:04:05.678Z ERROR ExactlyOnceWorkerSourceTask{id=wms-oracle-cdc-0} failed to poll "
    "records from "
    "SourceTask. Will retry operation. [o.a.k.c.r.AbstractWorkerSourceTask] a.b.RetriableException: "
    "words | Caused "
    "by: java.sql.SQLException: ORA-01017: invalid username/password; logon denied"
)
#: As Debezium's own thread writes it in such a life of the task.
OF_DEBEZIUM = (
    "2026-01-02T03:04:05.678Z ERROR Got exception when starting mining session. "
    "[i.d.c.o.l.AbstractLogMinerStreamingChangeEventSource] java.sql.SQLException: ORA-04030: out of process "
    "memory when trying to allocate 65536 bytes (Logminer LCR c,krvxbpns)"
)


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        (OF_TASK + "failed to poll | a.b.C$Exception: words", True),
        (OF_TASK.replace("WARN ", "ERROR") + "a.b.SomeException: words", True),
        (OF_TASK.replace("WARN ", "INFO ") + "a.b.SomeException: words", False),
        (OF_TASK + "a warning without a trace", False),
        (OF_TASK.replace("|task-0", "|worker") + "a.b.SomeException: words", False),
        (WITHOUT_PREFIX, True),
        (OF_DEBEZIUM, True),
        (OF_DEBEZIUM.replace("[i.d.c.o.l.", "[o.a.k.c.r."), False),
        (WITHOUT_PREFIX.replace("{id=wms-oracle-cdc-0}", "{id=another-0}"), False),
    ],
)
def test_what_counts_is_a_trace_of_a_task(line: str, counts: bool):
    assert is_trace(line) == counts


def test_the_newest_is_found_on_any_page_and_what_is_old_is_not_asked_for():
    lines = [
        (NOW - SECONDS - 1, "a.b.AncientException: x"),
        *((NOW - 9 + number, f"a.b.Exception: {number} | Caused by: c") for number in range(5)),
        (NOW, "a.b.Exception: last | at a.b.C | Caused by: d"),
    ]
    logs = FakeLogs([(at, OF_TASK + line) for at, line in lines])
    assert last_failure(logs, "group", NOW).splitlines()[1:] == ["at a.b.C", "Caused by: d"]
    assert logs.asked == ["group"] * 3


def test_pages_without_a_line_of_the_task_are_passed():
    """A group has a stream for each task that ever ran, and a worker writes much beside its task."""
    others = [(NOW - 60 + number, "2026-01-02 ERROR [Worker] a.b.OtherException: x") for number in range(20)]
    logs = FakeLogs([*others, (NOW, OF_TASK + "a.b.Exception: last | Caused by: d")])
    assert "Caused by: d" in last_failure(logs, "group", NOW)


def test_a_line_that_names_the_task_without_its_prefix_is_found_too():
    logs = FakeLogs([(NOW - 1, "2026-01-02 ERROR [Worker] a.b.OtherException: x"), (NOW, WITHOUT_PREFIX)])
    assert "ORA-01017" in last_failure(logs, "group", NOW)


def test_a_log_without_a_trace_says_nothing():
    assert last_failure(FakeLogs([(NOW, OF_TASK + "fine")]), "group", NOW) == ""


WORDS = ("An unsupported operation", "Redo Log Group Sizes:")


def test_what_holds_any_of_the_words_is_read_and_until_when():
    lines = [
        (NOW - 50, OF_TASK + "An unsupported operation detected"),
        (NOW - 40, OF_TASK + "An operation"),
        (NOW - 30, OF_TASK + "Redo Log Group Sizes:"),
        (NOW + 5, OF_TASK + "Redo Log Group Sizes:"),
        (NOW - 90, OF_TASK + "Redo Log Group Sizes:"),
    ]
    since, until = int((NOW - 60) * 1000), int(NOW * 1000)
    found, read_to = events_with(FakeLogs(lines), "group", since, until, WORDS, seconds=5)
    assert [at for at, _ in found] == [int((NOW - 50) * 1000), int((NOW - 30) * 1000)]
    assert read_to == until


def test_a_long_time_is_read_in_parts_and_what_was_read_counts_when_the_pages_are_used_up():
    """A day with an event a minute: more pages than one check reads."""
    lines = [(NOW - 60 * n, OF_TASK + "Redo Log Group Sizes:") for n in range(1440)]
    logs, since, until = FakeLogs(lines, page=20), int((NOW - 86_400) * 1000), int(NOW * 1000)
    found, read_to = events_with(logs, "group", since, until, WORDS, seconds=60)
    assert since < read_to < until
    times = {at for at, _ in found}
    while read_to < until:
        before = read_to
        found, read_to = events_with(logs, "group", read_to, until, WORDS, seconds=60)
        times |= {at for at, _ in found}
        assert read_to > before
    assert times == {int(at * 1000) for at, _ in lines}


def test_no_time_reads_nothing_and_says_so():
    found, read_to = events_with(FakeLogs([(NOW, "x")]), "group", 0, int(NOW * 1000), WORDS, seconds=-1)
    assert (found, read_to) == ((), 0)


@pytest.fixture
def disconnected(world: FakeStage) -> FakeStage:
    """A task that Connect calls RUNNING, without Debezium's metrics."""
    assert world.ask(Operation.REGISTER).changed
    world.connect.debezium = None
    return world


def findings(stage: FakeStage) -> tuple[Finding, ...]:
    seen = observe(stage.session())
    return decide(seen, stage.settings, time.time()).findings


REPEATED = "2026-01-02T03:04:05.678Z WARN  [wms-oracle-cdc|task-0] failed to poll records. Will retry. "


@pytest.mark.parametrize(
    ("trace", "cause", "expected"),
    [
        (
            "a.b.RetriableException: x | at a.b.C | Caused by: c.SQLException: ORA-01017: invalid credential",
            "login",
            "last error in the worker's log: ORA-01017: invalid credential",
        ),
        (
            "a.b.RetriableException | Caused by: ORA-12528: Cannot connect. Service is blocked",
            "database starting",
            "ORA-12528: Cannot connect. Service is blocked",
        ),
        ("a.b.StrangeException: what nobody knows", "no-session", "what nobody knows"),
    ],
)
def test_the_workers_log_reports_why_a_running_task_is_not_connected(
    disconnected: FakeStage, trace: str, cause: str, expected: str
):
    """Connect says RUNNING while Debezium repeats a login that is refused."""
    older = REPEATED + "a.b.NetworkException: Connection refused"
    disconnected.logs.lines = [(time.time() - 20, older), (time.time() - 10, REPEATED + trace)]
    (finding,) = findings(disconnected)
    assert (finding.name, finding.cause and finding.cause.name) == ("SourceDisconnected", cause)
    assert expected in finding.reason
    # Once for this, and once for what was skipped.
    assert disconnected.logs.asked == ["/aws/fargate/wms-connector-main-kafka-connect"] * 2


def test_a_log_that_cannot_be_read_leaves_the_finding_as_it_is(disconnected: FakeStage):
    disconnected.logs.refusal = client_error("AccessDeniedException", "no", "FilterLogEvents")
    # That what was skipped cannot be read is an error of the check.
    failed, finding = findings(disconnected)
    assert failed.name == "HealthCheckFailed"
    assert failed.reason.startswith("skipped changes: ")
    assert (finding.name, finding.cause and finding.cause.name) == ("SourceDisconnected", "no-session")


def test_the_log_of_a_connected_source_is_read_only_for_what_was_skipped(disconnected: FakeStage):
    disconnected.connect.debezium = {"streaming": {"connected": 1.0}}
    disconnected.kafka.newest_at[disconnected.stage.topics.one("heartbeat")] = time.time()
    assert findings(disconnected) == ()
    assert len(disconnected.logs.asked) == 1


REFUSED = (
    "a.b.RetriableException: Could not execute heartbeat action query (Error: ORA-00942: table or view "
    '"WMS"."PLAN_WVR_RVSN_TBL" does not exist) | at a.b.C'
)


def test_with_a_heartbeat_table_a_captured_table_that_is_gone_is_reported(disconnected: FakeStage):
    """Debezium goes on with the other tables; only the statement that asks for all of them is refused."""
    disconnected.connect.debezium = {"streaming": {"connected": 1.0}}
    disconnected.settings = ConnectorSettings(heartbeat_table="WMSCDC.HEARTBEAT")
    for role in ("heartbeat", "heartbeat_table"):
        disconnected.kafka.newest_at[disconnected.stage.topics.one(role)] = time.time()
    disconnected.logs.lines = [
        (time.time() - 90, REPEATED + REFUSED),
        (time.time() - 5, REPEATED + "a.b.XException"),
    ]
    assert findings(disconnected) == ()
    disconnected.logs.lines.append((time.time() - 10, REPEATED + REFUSED))
    (finding,) = findings(disconnected)
    assert (finding.name, finding.cause and finding.cause.name) == ("HeartbeatMissing", "database rights")
    assert finding.reason.startswith("the database refuses the heartbeat statement: ")
    assert "PLAN_WVR_RVSN_TBL" in finding.reason
    # Between two attempts of the connector the source is not connected: the same is told, so that it lasts.
    disconnected.connect.debezium = None
    disconnected.logs.lines.pop(1)
    answer = {found.name: found.cause and found.cause.name for found in findings(disconnected)}
    assert answer == {"SourceDisconnected": "database rights", "HeartbeatMissing": "database rights"}


def test_while_the_secrets_are_unknown_no_words_of_the_database_are_read(disconnected: FakeStage):
    """Nobody would know what to take out of them."""
    disconnected.logs.lines = [(time.time() - 5, REPEATED + 'a.b.XException: ORA-28000: no "wms_capture"')]
    disconnected.secrets.values["wms/main/dbInfo"] = "{"
    disconnected.secrets.values["wms/default/dbInfo"] = "{"
    answer = findings(disconnected)
    assert "HealthCheckFailed" in {found.name for found in answer}
    # Only what was skipped is read: of its lines nothing but table and position is kept.
    assert len(disconnected.logs.asked) == 1
    assert not any("wms_capture" in found.reason for found in answer)
