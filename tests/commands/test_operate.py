"""status, verify, the connector's commands and the fire drill, upon a stage whose Lambdas are real code."""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connector.aws import account, topic_listener
from connector.aws.admin_function import Clock
from connector.domain.admin_api import REGISTRATION, Answer, Operation, Request, State
from connector.domain.capture import signals
from connector.domain.capture.offsets import Backup
from connector.domain.diagnosis.classes import UNKNOWN
from connector.domain.health.aws_alarms import alarms_of
from connector.domain.health.drills import MAILS, ONE_OF_EACH_KIND
from connector.domain.health.error_classes import NOT_RUNNING
from connector.domain.health.mail_context import MailContext
from connector.domain.health.skipped_changes import SKIPPED_KEY, SkippedChanges
from connector.domain.health.state import STATE_KEY, HealthState, Incident
from connector.domain.health.verdict import decide
from connector.domain.stage.aws_names import COMPONENTS, CONNECTOR
from connector.domain.stage.record import RECORD_KEY
from connector.operations import confirmation, fire_drill
from connector.operations.signs import repeated
from lambda_src.clients.state_table import read_halt
from lambda_src.connect_admin import operations
from lambda_src.connect_health.drill import drill
from lambda_src.observe import observe
from tests.commands.conftest import Run, assert_one_line
from tests.lambda_src.conftest import ADDRESS, FakeStage
from tests.support import silent_lines
from tests.support.aws_answers import refuse
from tests.support.fake_aws import FakeAws
from tests.support.fake_lambda_aws import client_error
from tests.support.simulated_clock import SimulatedClock

#: What of a request a session holds as it stands.
GIVEN = (
    *("tables", "log", "why", "remind_seconds", "offsets", "snapshot", "position_checked"),
    *("backup", "confirmed", "window"),
)
MAIL = "a@example.gov"
CONNECTED = "connector RUNNING, task 0 RUNNING, source connected: streaming"
HEAP = "HeapAfterCollectionPercent"


@pytest.fixture(autouse=True)
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody can be asked."""
    monkeypatch.setattr(confirmation, "on_terminal", lambda: True)


class Deployed:
    """Main, deployed and registered; the parts can be made to fail."""

    def __init__(self) -> None:
        self.inside = FakeStage()
        self.inside.ecs.start(ADDRESS)
        for operation in REGISTRATION:
            self.inside.ask(operation)
        self.inside.kafka.newest_at[self.inside.stage.topics.one("heartbeat")] = time.time()
        self.names = self.inside.stage.names
        functions: dict[str, Callable[[Any], Any]] = {
            self.names.connect_admin: self.admin,
            self.names.connect_health: self.health,
        }
        self.aws = FakeAws.with_stage(self.inside.stage, datetime.now(UTC))
        self.aws.functions = functions

    @property
    def topic(self) -> str:
        """ARN of the topic that mails people."""
        return self._output("TopicArn")

    @property
    def machines(self) -> str:
        """ARN of the topic for machines."""
        return self._output("AlarmsTopicArn")

    def _output(self, key: str) -> str:
        outputs = self.aws.stacks[self.names.stack("alerts")]["Outputs"]
        return next(str(o["OutputValue"]) for o in outputs if o["OutputKey"] == key)

    def admin(self, event: Any) -> Any:
        request = Request.from_payload(event)
        session = self.inside.session(desired_count=request.desired_count, meant=request.stage)
        for name in GIVEN:
            setattr(session, name, getattr(request, name))
        return operations.answer(request.operation, session).to_payload()

    def health(self, event: Any) -> Any:
        return drill(event, MailContext(self.inside.stage), self.aws.client("sns"), self.topic)


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """What the commands find behind the environment's credentials."""
    deployed = Deployed()
    monkeypatch.setattr(account, "Account", lambda **_: deployed.aws)
    return deployed


def findings(run: Run) -> list[str]:
    """What `verify` prints when not all is well."""
    result = run("verify", "main")
    assert (result.exit_code, result.stderr) == (1, "")
    return result.stdout.splitlines()


def test_a_database_that_is_down_is_reported_as_such_and_at_once(run: Run, main: Deployed) -> None:
    """Debezium says connected for a while, and later that it knows nothing."""
    main.inside.listener.error = "connection refused"
    (line,) = findings(run)
    assert line.startswith("database: 127.0.0.8:1521: connection refused (class unreachable, owner network)")
    main.inside.connect.debezium = None
    later = findings(run)
    assert [text.partition(":")[0] for text in later] == ["database", "source"]
    assert not any("user or password" in text for text in later)


def test_a_healthy_stage_exits_with_0_and_says_what_was_checked(run: Run, main: Deployed) -> None:
    result = run("verify", "main")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Stage main is healthy; checked:" in result.stdout
    for words in (
        "6 of 6 stacks",
        "streaming",
        "1.5 s behind",
        "9 of 9 as wanted",
        f"{MAIL} confirmed",
        "4 minutes",
        "the brokers answer",
        "the newest heartbeat is",
        "3 of 3 restarts left",
    ):
        assert words in result.stdout
    found = run("verify", "main", "--json")
    assert (found.exit_code, json.loads(found.stdout)["healthy"]) == (0, True)


def test_nothing_is_changed_by_looking(run: Run, main: Deployed) -> None:
    before = (main.inside.table.puts, len(main.inside.kafka.changes), len(main.inside.connect.writes))
    run("verify", "main")
    run("status", "main")
    after = (main.inside.table.puts, len(main.inside.kafka.changes), len(main.inside.connect.writes))
    assert after == before


def alarm_rings(main: Deployed) -> None:
    main.aws.alarms[main.names.alarm("CpuHigh")]["StateValue"] = "ALARM"


def stack_failed(main: Deployed) -> None:
    main.aws.stacks[main.names.stack("alarms")]["StackStatus"] = "UPDATE_ROLLBACK_COMPLETE"


def stack_missing(main: Deployed) -> None:
    del main.aws.stacks[main.names.stack("events")]


def unprotected(main: Deployed) -> None:
    main.aws.stacks[main.names.stack("alerts")]["EnableTerminationProtection"] = False


def unconfirmed(main: Deployed) -> None:
    main.aws.subscriptions[0]["SubscriptionArn"] = "PendingConfirmation"


def nobody(main: Deployed) -> None:
    main.aws.subscriptions.clear()


def silent_alarm(main: Deployed) -> None:
    main.aws.alarms[main.names.alarm("DeadLetters")]["AlarmActions"] = [main.topic]


PAGER = "https://pager.example.com/integration/s3cret-key/enqueue"


def pager(main: Deployed, *, confirmed: bool) -> None:
    arn = f"{main.machines}:pager" if confirmed else "PendingConfirmation"
    main.aws.subscriptions.append(
        {"TopicArn": main.machines, "Protocol": "https", "Endpoint": PAGER, "SubscriptionArn": arn}
    )


def pager_waits(main: Deployed) -> None:
    pager(main, confirmed=False)


def no_check(main: Deployed) -> None:
    main.aws.checks.clear()


def old_check(main: Deployed) -> None:
    main.aws.checks = [(datetime.now(UTC) - timedelta(minutes=45), 0.0)]


def bad_check(main: Deployed) -> None:
    main.aws.checks = [(datetime.now(UTC), 1.0)]


def task_failed(main: Deployed) -> None:
    main.inside.connect.tasks[CONNECTOR] |= {"state": "FAILED", "trace": "x.E: ORA-01017: invalid credential"}


def paused(main: Deployed) -> None:
    main.inside.connect.states[CONNECTOR] = "PAUSED"
    main.inside.connect.tasks[CONNECTOR]["state"] = "PAUSED"


def no_connector(main: Deployed) -> None:
    main.inside.connect.configs.clear()
    main.inside.connect.states.clear()


def not_connected(main: Deployed) -> None:
    main.inside.connect.debezium = {"streaming": {"connected": 0.0}}


def late(main: Deployed) -> None:
    main.inside.connect.debezium = {"streaming": {"connected": 1.0, "millisecondsbehindsource": 900_000.0}}


def was_late(main: Deployed) -> None:
    """Debezium's lag of a change of long ago: since then the database is quiet."""
    main.inside.connect.debezium = {
        "streaming": {
            "connected": 1.0,
            "millisecondsbehindsource": 1_200_000.0,
            "millisecondssincelastevent": 40_000_000.0,
        }
    }


def unassigned(main: Deployed) -> None:
    main.inside.connect.tasks[CONNECTOR]["state"] = "UNASSIGNED"


def failed_no_session(main: Deployed) -> None:
    main.inside.connect.tasks[CONNECTOR] |= {"state": "FAILED", "trace": ""}


def topic_gone(main: Deployed) -> None:
    del main.inside.kafka.topics[main.inside.stage.topics.one("signal")]


def topic_differs(main: Deployed) -> None:
    main.inside.kafka.topics[main.inside.stage.topics.roles["data"][0]].configs["retention.ms"] = "1"


def retiring(main: Deployed) -> None:
    main.inside.table.items[RECORD_KEY]["retiring"] = True


def secret_changed(main: Deployed) -> None:
    main.inside.table.items[RECORD_KEY]["secret_versions"]["wms/main/dbInfo"] = "v0"


def other_config(main: Deployed) -> None:
    main.inside.table.items[RECORD_KEY]["config_hash"] = "0"


def no_record(main: Deployed) -> None:
    del main.inside.table.items[RECORD_KEY]


def incident(main: Deployed) -> None:
    main.inside.table.items[STATE_KEY] = HealthState(
        incident=Incident(1800000000, "DbTcpUnreachable")
    ).to_item()


def scaled_to_0(main: Deployed) -> None:
    main.inside.ecs.desired = 0


def no_task(main: Deployed) -> None:
    main.inside.ecs.stop(main.inside.ecs.tasks[0], "OutOfMemoryError", 137)


def brokers_gone(main: Deployed) -> None:
    main.inside.kafka.unreachable = True


@pytest.mark.parametrize(
    ("break_", "start", "next_step"),
    [
        (
            alarm_rings,
            "alarms: CpuHigh is in ALARM: The worker uses more than 90 %",
            "docs/operations.md#cpuhigh",
        ),
        (
            stack_failed,
            "stacks: stack wms-alarms-main is UPDATE_ROLLBACK_COMPLETE",
            "read why in the stack's events and fix that",
        ),
        (stack_missing, "stacks: stack wms-events-main does not exist", "sceptre launch main --yes"),
        (unprotected, "termination protection: stack wms-alerts-main", "sceptre launch main --yes"),
        (
            unconfirmed,
            f"mail: {MAIL} gets no mail: its subscription is PendingConfirmation",
            "follow the link",
        ),
        (
            silent_alarm,
            "alarms: 1 of 35 alarms do not send to Alarms-wms-alerts-main: DeadLetters",
            "sceptre launch main --yes",
        ),
        (
            pager_waits,
            "pagers: https https://pager.example.com gets no alarm: it is PendingConfirmation",
            "confirm the subscription",
        ),
        (
            nobody,
            "mail: nobody is subscribed to Alerts-wms-alerts-main",
            "sceptre launch main/alerts.yaml --yes",
        ),
        (
            no_check,
            "health check: no health check has run recently",
            "/aws/lambda/wms-connector-main-connect-health",
        ),
        (
            old_check,
            "health check: the last health check ran 45 minutes ago",
            "the check runs every 10 minutes",
        ),
        (bad_check, "health check: the last health check failed", "read /aws/lambda/"),
        (task_failed, "task: task 0: ORA-01017", "fix user and password"),
        (unassigned, "task: not running: connector RUNNING, task 0 UNASSIGNED", NOT_RUNNING.next_step),
        (failed_no_session, "task: task 0: no cause given (class unknown", UNKNOWN.next_step),
        (paused, f"connector: {CONNECTOR} is PAUSED: an operator did that", "wms-connector resume main"),
        (no_connector, f"connector: Connect has no connector {CONNECTOR}", "sceptre launch main --yes"),
        (not_connected, "source: Debezium reports that it is not connected", "main"),
        (late, "lag: 900 s behind the database", "docs/operations.md#replicationlagseconds"),
        (topic_gone, "topics: topic wms.signal does not exist", "sceptre launch main --yes"),
        (topic_differs, "topics: topic wms.MMDL.", "sceptre launch main --yes"),
        (retiring, "stage record: a teardown has begun", "sceptre launch main --yes"),
        (secret_changed, "secrets: secret wms/main/dbInfo has a newer version", "wms-connector rotate main"),
        (
            other_config,
            "stage record: the registered config differs from what",
            "sceptre launch main --yes",
        ),
        (no_record, "stage record: the stage was never registered", "sceptre launch main --yes"),
        (incident, "incident: an incident is open since 2027-01-15", "docs/operations.md#dbtcpunreachable"),
        (brokers_gone, "brokers: the brokers do not answer", "broker-script main"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_one_thing_that_is_wrong_is_the_only_finding_with_its_next_step(
    run: Run, main: Deployed, break_: Callable[[Deployed], None], start: str, next_step: str
) -> None:
    break_(main)
    (line,) = findings(run)
    assert line.startswith(start)
    assert "; next: " in line
    assert next_step in line.partition("; next: ")[2]


def test_what_does_not_run_is_not_to_be_restarted(run: Run, main: Deployed) -> None:
    unassigned(main)
    (line,) = findings(run)
    assert NOT_RUNNING.command_for(main.inside.stage) in line
    assert "restart main" not in line


def test_a_lag_of_long_ago_is_none(run: Run, main: Deployed) -> None:
    """As in the health check: while heartbeats arrive, a quiet database has nothing left to read."""
    was_late(main)
    result = run("verify", "main")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "0.0 s behind the database, last event 40000 s ago" in " ".join(result.stdout.split())


REFUSED_HEARTBEAT = (
    "2026-11-28 10:00:00,000 WARN [wms-oracle-cdc|task-0] a.b.RetriableException: "
    "Could not execute heartbeat action query | at a.b.C | "
    "Caused by: java.sql.SQLException: ORA-00942: table or view does not exist"
)


def heartbeat_refused(main: Deployed) -> None:
    """All is well but for one line of the worker's log, which the admin function may not read."""
    inside = main.inside
    inside.settings = replace(inside.settings, heartbeat_table="WMSCDC.HEARTBEAT")
    for operation in REGISTRATION:
        inside.ask(operation)
    for role in ("heartbeat", "heartbeat_table"):
        inside.kafka.newest_at[inside.stage.topics.one(role)] = time.time()
    main.aws.log_events.append((time.time() - 5, REFUSED_HEARTBEAT))
    inside.logs.lines.append((time.time() - 5, REFUSED_HEARTBEAT))


def test_what_only_the_workers_log_shows_is_found_as_the_health_check_finds_it(
    run: Run, main: Deployed
) -> None:
    heartbeat_refused(main)
    (line,) = findings(run)
    assert line.startswith("heartbeat: the database refuses the heartbeat statement: ORA-00942")
    health = decide(observe(main.inside.session()), main.inside.settings, time.time())
    (finding,) = health.findings
    assert finding.reason in line
    assert finding.cause is not None
    assert f"class {finding.cause.name}" in line


def test_a_log_that_the_operator_may_not_read_is_not_taken_for_health(run: Run, main: Deployed) -> None:
    heartbeat_refused(main)
    main.aws.deny("logs", "filter_log_events", refuse("FilterLogEvents", "AccessDeniedException", "no"))
    line, skipped = findings(run)
    assert line.startswith("heartbeat: the worker's log cannot be read")
    assert "run verify again in a minute" in line
    assert skipped.startswith("skipped changes: the worker's log cannot be read")


def test_a_table_that_was_just_dropped_is_found_before_the_health_check_has_run(
    run: Run, main: Deployed
) -> None:
    """The line is minutes younger than the last check; `verify` judges it and stores nothing."""
    now = time.time()
    before = SkippedChanges().with_lines([], int((now - 300) * 1000))
    main.inside.table.items[SKIPPED_KEY] = before.to_item()
    assert run("verify", "main").exit_code == 0
    main.aws.log_events.append((now - 5, silent_lines.dropped("WMS.PLAN_BASE_WVR_TBL")))
    (line,) = findings(run)
    assert line.startswith("skipped changes: WMS.PLAN_BASE_WVR_TBL: it was dropped or renamed")
    assert "class table-dropped" in line
    assert main.inside.table.items[SKIPPED_KEY] == before.to_item()


def test_what_an_operator_knows_is_not_found_again_in_the_log(run: Run, main: Deployed) -> None:
    now = time.time()
    told = (now - 200, silent_lines.truncated("WMS.PLAN_BASE_WVR_TBL"))
    main.aws.log_events.append(told)
    assert len(findings(run)) == 1
    read = [(int(told[0] * 1000), told[1])]
    known = SkippedChanges().with_lines(read, int((now - 100) * 1000)).as_mailed().acknowledge(())
    main.inside.table.items[SKIPPED_KEY] = known.to_item()
    assert run("verify", "main").exit_code == 0


def test_an_address_that_was_taken_back_is_nobody_to_wait_for(run: Run, main: Deployed) -> None:
    gone = {"Protocol": "email", "Endpoint": "gone@example.gov", "SubscriptionArn": "Deleted"}
    main.aws.subscriptions.append({"TopicArn": main.topic, **gone})
    assert run("verify", "main").exit_code == 0
    assert "gone@example.gov" not in run("status", "main").stdout


@pytest.mark.parametrize(
    ("break_", "words"),
    [
        (scaled_to_0, "desired count is 0, so no worker runs"),
        (no_task, "0 of 1 tasks running; the last task stopped: OutOfMemory"),
    ],
)
def test_a_missing_worker_is_found_and_what_it_hides_is_reported_once(
    run: Run, main: Deployed, break_: Callable[[Deployed], None], words: str
) -> None:
    break_(main)
    lines = findings(run)
    assert any(line.startswith("service: ") and words in line for line in lines)
    assert sum("cannot be checked" in line for line in lines) <= 1


def test_a_function_that_fails_hides_the_inside_and_says_so_once(run: Run, main: Deployed) -> None:
    main.aws.functions[main.names.connect_admin] = lambda _: MemoryError("too much")
    lines = findings(run)
    assert len(lines) == 1
    assert "cannot be checked: the admin Lambda wms-connector-main-connect-admin failed at status" in lines[0]
    found = run("status", "main", "--json")
    assert (found.exit_code, "too much" in json.loads(found.stdout)["admin"]["error"]) == (0, True)


def test_a_secret_that_cannot_be_read_is_one_line_and_names_the_secret(run: Run, main: Deployed) -> None:
    main.inside.secrets.values["wms/main/dbInfo"] = client_error(
        "AccessDeniedException", "no", "GetSecretValue"
    )
    (line,) = findings(run)
    assert line.startswith("observation: secrets: ")
    assert "wms/main/dbInfo" in line
    assert "; next: " in line


def test_a_function_of_an_older_version_is_not_taken_for_healthy(run: Run, main: Deployed) -> None:
    found = {name: facts for name, facts in operations_status(main).items() if name != "findings"}
    answer = Answer(State.DONE, "seen", details=found)
    main.aws.functions[main.names.connect_admin] = lambda _: answer.to_payload()
    (line,) = findings(run)
    assert line.startswith(
        "admin function: cannot be checked: the admin Lambda is an older version that reports no"
    )


def test_a_finding_that_only_a_newer_version_knows_is_shown_as_it_answers(run: Run, main: Deployed) -> None:
    found = operations_status(main)
    newer = {"name": "NewTrouble", "ok": False, "reason": "of a new kind", "next_step": "do this", "new": 1}
    answer = Answer(State.DONE, "seen", details={**found, "findings": [*found["findings"], newer]})
    main.aws.functions[main.names.connect_admin] = lambda _: answer.to_payload()
    assert findings(run) == ["NewTrouble: of a new kind; next: do this"]


def operations_status(main: Deployed) -> dict[str, Any]:
    details: dict[str, Any] = main.admin({"operation": "status", "log": []})["details"]
    return details


def test_status_reports_facts_and_why_it_cannot_see_others(run: Run, main: Deployed) -> None:
    brokers_gone(main)
    alarm_rings(main)
    found = json.loads(run("status", "main", "--json").stdout)
    assert found["stage"] == "main"
    assert set(found["stacks"]) == set(COMPONENTS)
    assert found["connector"]["source"]["lag_seconds"] == 1.5
    assert "do not answer" in found["topics"]["error"]
    assert found["alarms"]["CpuHigh"]["state"] == "ALARM"
    assert found["mail"]["subscriptions"] == [{"protocol": "email", "endpoint": MAIL, "confirmed": True}]
    plain = run("status", "main")
    assert (plain.exit_code, plain.stderr) == (0, "")
    for words in ("the brokers do not answer", "CpuHigh is in ALARM", "3 of 3 restarts left"):
        assert words in plain.stdout


@pytest.mark.parametrize(
    "command",
    [
        "status",
        "verify",
        "fire-drill",
        "restart",
        "pause",
        "resume",
        "stop",
        "snapshot",
        "acknowledge",
        "offsets",
    ],
)
def test_a_stage_that_is_not_deployed_is_one_line_and_status_1(
    run: Run, main: Deployed, command: str
) -> None:
    result = run(command, "feature-xyz")
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert "is not deployed" in line
    assert "sceptre launch ephemeral/feature-xyz --yes" in line


@pytest.mark.parametrize(
    "command", ["status", "verify", "fire-drill", "restart", "snapshot", "acknowledge", "offsets"]
)
def test_a_refused_stage_is_refused(run: Run, main: Deployed, command: str) -> None:
    assert_one_line(run(command, "Main"), "is refused")


def test_the_connector_is_paused_resumed_stopped_and_restarted(
    run: Run, main: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.commands.operate.Clock", SimulatedClock().as_clock)
    found = [run(command, "main") for command in ("pause", "resume", "stop", "resume", "restart")]
    assert [result.exit_code for result in found] == [0] * 5
    assert [result.stdout.strip() for result in found] == [
        "connector PAUSED, task 0 PAUSED",
        f"resumed: {CONNECTED}",
        "connector STOPPED, no task",
        f"resumed: {CONNECTED}",
        f"restarted: {CONNECTED}",
    ]


@pytest.mark.parametrize(("command", "requests"), [("pause", 61), ("restart", 1), ("snapshot", 61)])
def test_a_command_waits_for_what_may_be_asked_twice_and_says_to_ask_again(
    run: Run, main: Deployed, monkeypatch: pytest.MonkeyPatch, command: str, requests: int
) -> None:
    asked: list[str] = []

    def answer(operation: Operation, session: object) -> Answer:
        asked.append(operation)
        return Answer(State.WAITING, "a rebalance is under way")

    monkeypatch.setattr(operations, "answer", answer)
    monkeypatch.setattr("connector.operations.admin_request.Clock", SimulatedClock().as_clock)
    result = run(command, "main")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"error: {command} main: a rebalance is under way; run this again\n"
    assert asked == [command] * requests


def test_what_cannot_be_done_is_one_line_and_status_1(run: Run, main: Deployed) -> None:
    retiring(main)
    result = run("restart", "main")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error: restart main: the stage is being torn down")


def test_a_skipped_change_is_shown_by_verify_until_it_is_acknowledged(run: Run, main: Deployed) -> None:
    at = int(time.time() * 1000)
    known = SkippedChanges().with_lines([(at, silent_lines.truncated("WMS.PLAN_BASE_WVR_TBL"))], at).next()
    main.inside.table.items[SKIPPED_KEY] = known.to_item()
    result = run("verify", "main")
    assert result.exit_code == 1
    (line,) = [text for text in result.stdout.splitlines() if "skipped changes" in text]
    assert "WMS.PLAN_BASE_WVR_TBL" in line
    assert "(class table-truncated, owner wms)" in line
    assert "wms-connector acknowledge main" in line
    refused = run("acknowledge", "main", "--table", "MMDL.PLAN_BASE_WVR_TBL")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert (
        "no skipped change of MMDL.PLAN_BASE_WVR_TBL is open; open: WMS.PLAN_BASE_WVR_TBL" in refused.stderr
    )
    # The heartbeat table's schema is known to the stage only.
    refused = run("acknowledge", "main", "--table", "WMSCDC.HEARTBEAT")
    assert "no skipped change of WMSCDC.HEARTBEAT is open" in refused.stderr
    done = run("acknowledge", "main", "--table", "WMS.PLAN_BASE_WVR_TBL", "--json")
    assert json.loads(done.stdout)["acknowledged"] == [
        {"table": "WMS.PLAN_BASE_WVR_TBL", "class": "table-truncated"}
    ]
    assert "table-truncated" not in run("verify", "main").stdout


@pytest.mark.parametrize("command", ["snapshot", "acknowledge"])
@pytest.mark.parametrize("table", ["WMS.ELSE", "PLAN_BASE_WVR_TBL", "wms.", ""])
def test_a_table_that_is_not_captured_is_refused_before_anybody_is_asked(
    run: Run, command: str, table: str
) -> None:
    """No stage is deployed here, so whoever asked AWS would say that."""
    assert_one_line(run(command, "main", "--table", table), "is not captured")


def test_a_snapshot_of_some_tables_is_asked_for_by_one_signal(run: Run, main: Deployed) -> None:
    topic = main.inside.stage.topics.roles["data"][0].removeprefix("wms.")
    result = run("snapshot", "main", "--table", topic, "--json")
    assert (result.exit_code, json.loads(result.stdout)["tables"]) == (0, [topic])
    assert len(main.inside.kafka.sent) == 1
    assert_one_line(run("snapshot", "main", "--table", "WMS.ELSE"), "is not captured")
    assert len(main.inside.kafka.sent) == 1


def test_offsets_are_json_either_way(run: Run, main: Deployed) -> None:
    stored = [{"partition": {"server": "wms"}, "offset": {"txSeq": 7}}]
    assert json.loads(run("offsets", "main").stdout) == stored
    assert json.loads(run("offsets", "main", "--json").stdout) == stored


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that moves by a minute with each look: nothing is waited for."""
    seconds = iter(range(0, 100_000, 60))
    monkeypatch.setattr(
        topic_listener, "Clock", lambda: Clock(now=lambda: float(next(seconds)), sleep=lambda _: None)
    )
    monkeypatch.setattr(fire_drill, "ARRIVE_SECONDS", 3600.0)


def test_a_drill_shows_what_was_delivered_and_leaves_nothing(run: Run, main: Deployed, quick: None) -> None:
    result = run("fire-drill", "main", "--yes", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["passed"], report["recipients"]) == (True, [MAIL])
    assert [c["name"] for c in report["classes"] if c["delivered"]] == list(MAILS)
    wanted = alarms_of(main.names, "debezium")
    for drilled in report["alarms"]:
        assert drilled["reached"] == drilled["machines"] == ["ALARM", "OK"]
        assert len(drilled["delivered"]) == (1 if wanted[drilled["alarm"]].mails() else 0)
    mails = len(MAILS) + sum(alarm.mails() for alarm in wanted.values())
    sent = Counter(topic for topic, _, _ in main.aws.published)
    assert sent == {main.topic: mails, main.machines: 2 * len(wanted)}
    assert (main.aws.queues, len(main.aws.subscriptions)) == ({}, 1)
    assert {a["StateValue"] for a in main.aws.alarms.values()} == {"OK"}
    assert " 1 of" not in run("fire-drill", "main", "--yes").stdout.replace("\n", " ")


def test_a_drill_that_waits_says_so_in_a_pipe_too_and_json_stays_clean(
    run: Run, main: Deployed, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.commands.drill.repeated", partial(repeated, first=0.01, every=0.01))
    # As long as a service that takes its time.
    main.aws.refusals["sqs", "receive_message"] = lambda _: time.sleep(0.2)
    result = run("fire-drill", "main", "--yes", "--json")
    assert "waiting for the mails to arrive (" in result.stderr
    assert json.loads(result.stdout)["passed"] is True


def test_a_drill_says_that_it_covers_everything(run: Run, main: Deployed, quick: None) -> None:
    wanted = len(alarms_of(main.names, "debezium"))
    sent = f"{len(MAILS)} of {len(MAILS)} mails of the health check"
    shown = run("fire-drill", "main", "--yes").stdout
    said = f"covers every alarm and every mail that the stage can send: {wanted} of {wanted} alarms, {sent}"
    assert said in shown


def test_a_part_of_a_drill_sends_only_that_and_says_so(run: Run, main: Deployed, quick: None) -> None:
    result = run("fire-drill", "main", "--yes", "--only", "login", "--only", "CpuHigh")
    assert result.exit_code == 0, result.output
    assert "covers a part only: 1 of" in result.stdout
    assert Counter(topic for topic, _, _ in main.aws.published) == {main.topic: 2, main.machines: 2}
    main.aws.published.clear()
    result = run("fire-drill", "main", "--yes", "--one-of-each-kind", "--json")
    names = [mail["name"] for mail in json.loads(result.stdout)["classes"]]
    assert (result.exit_code, sorted(names)) == (0, sorted(ONE_OF_EACH_KIND))
    assert {topic for topic, _, _ in main.aws.published} == {main.topic}
    refused = run("fire-drill", "main", "--yes", "--only", "nosuch")
    assert refused.exit_code == 2
    assert "'nosuch' is no alarm or mail of the stage; known: " in refused.stderr


def test_people_are_not_mailed_before_somebody_agrees(run: Run, main: Deployed) -> None:
    unconfirmed(main)
    result = run("fire-drill", "main", stdin="n\n")
    assert result.exit_code == 1
    assert "mails" in result.stderr
    assert (
        f"will go to: nobody (no subscription is confirmed); not confirmed, so not mailed: {MAIL}"
        in result.stderr
    )
    assert (main.aws.published, main.aws.queues) == ([], {})


def drilled(run: Run) -> tuple[int, dict[str, str]]:
    """Exit status, and what is wrong by alarm or class."""
    result = run("fire-drill", "main", "--yes", "--json")
    report = json.loads(result.stdout)
    parts = [
        *((a["alarm"], a["wrong"]) for a in report["alarms"]),
        *((c["name"], c["wrong"]) for c in report["classes"]),
    ]
    return result.exit_code, {name: wrong for name, wrong in parts if wrong}


def refuse_alarm(main: Deployed, alarm: str, state: str) -> None:
    """Let CloudWatch refuse to set one alarm to one state."""

    def refusal(asked: Mapping[str, Any]) -> Exception | None:
        if (asked["AlarmName"], asked["StateValue"]) != (main.names.alarm(alarm), state):
            return None
        return refuse("SetAlarmState", "AccessDenied", "not authorized")

    main.aws.refusals["cloudwatch", "set_alarm_state"] = refusal


def test_what_does_not_arrive_is_a_failure(run: Run, main: Deployed, quick: None) -> None:
    main.aws.loses = "ConnectorTaskFailed (login)"
    assert drilled(run) == (1, {"login": "did not arrive within 3600 s"})
    main.aws.loses = 'OK: "wms-connector-main-DeadLetters'
    machines = f"no message about OK arrived on {main.machines} within 3600 s"
    assert drilled(run) == (1, {"DeadLetters": machines})


def test_what_does_not_reach_machines_is_a_failure_although_people_are_mailed(
    run: Run, main: Deployed, quick: None
) -> None:
    main.aws.loses = f'{main.machines} ALARM: "wms-connector-main-CpuHigh'
    assert drilled(run) == (
        1,
        {"CpuHigh": f"no message about ALARM arrived on {main.machines} within 3600 s"},
    )
    main.aws.loses = ""
    main.aws.alarms[main.names.alarm("DbTcpUnreachable")]["AlarmActions"] = []
    wrong = {"DbTcpUnreachable": f"should send a message, but does not send to {main.machines}"}
    assert drilled(run) == (1, wrong)


def test_a_drill_of_a_stage_in_which_every_alarm_mails(run: Run, main: Deployed, quick: None) -> None:
    (output,) = main.aws.stacks[main.names.stack("alarms")]["Outputs"]
    output["OutputValue"] = "every"
    status, wrong = drilled(run)
    assert status == 1
    assert wrong["DbTcpUnreachable"] == f"should send a mail, but does not send to {main.topic}"
    for alarm in main.aws.alarms.values():
        alarm["AlarmActions"] = [main.machines, main.topic]
    assert drilled(run) == (0, {})


@pytest.mark.parametrize("key", ["AlarmsTopicArn", "AlarmMails"])
def test_a_stage_that_an_earlier_version_launched_is_to_be_launched_before_a_drill(
    run: Run, main: Deployed, key: str
) -> None:
    for stack in main.aws.stacks.values():
        stack["Outputs"] = [output for output in stack["Outputs"] if output["OutputKey"] != key]
    result = run("fire-drill", "main", "--yes")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"has no output {key}; run `sceptre launch main --yes`" in result.stderr
    assert (main.aws.published, main.aws.queues) == ([], {})


def test_verify_of_such_a_stage_says_that_its_alarms_reach_no_machine(run: Run, main: Deployed) -> None:
    for stack in main.aws.stacks.values():
        stack["Outputs"] = [o for o in stack["Outputs"] if o["OutputKey"] == "TopicArn"]
    for alarm in main.aws.alarms.values():
        alarm["AlarmActions"] = [topic for topic in alarm["AlarmActions"] if topic == main.topic]
    (line,) = findings(run)
    assert line.startswith("alarms: 35 of 35 alarms do not send to Alarms-wms-alerts-main")


def test_a_pager_is_shown_without_the_key_in_its_address(run: Run, main: Deployed, quick: None) -> None:
    pager(main, confirmed=True)
    shown = [run("verify", "main"), run("status", "main", "--json"), run("fire-drill", "main", stdin="n\n")]
    for result in shown:
        assert "https://pager.example.com" in result.output
        assert "s3cret-key" not in result.output
    asked = "70 messages of alarms will go to these machines: https https://pager.example.com. "
    assert asked in shown[2].stderr


def test_an_alarm_that_sends_where_it_should_not_or_nowhere_is_a_failure(
    run: Run, main: Deployed, quick: None
) -> None:
    alarms, names = main.aws.alarms, main.names
    alarms[names.alarm("CpuHigh")]["AlarmActions"] = []
    alarms[names.alarm("DbTcpUnreachable")]["AlarmActions"].append(main.topic)
    del alarms[names.alarm(HEAP)]
    refuse_alarm(main, "DeadLetters", "ALARM")
    status, wrong = drilled(run)
    assert (status, set(wrong)) == (1, {"CpuHigh", "DbTcpUnreachable", HEAP, "DeadLetters"})
    assert "does not send to" in wrong["CpuHigh"]
    assert "sends a mail, although the health check" in wrong["DbTcpUnreachable"]
    assert "AccessDenied" in wrong["DeadLetters"]


def test_an_alarm_that_is_on_in_earnest_is_left_alone(run: Run, main: Deployed, quick: None) -> None:
    alarm_rings(main)
    assert drilled(run) == (0, {})
    wanted = len(alarms_of(main.names, "debezium"))
    said = run("fire-drill", "main", "--yes").stdout
    assert f"covers a part only: {wanted - 1} of {wanted} alarms, {len(MAILS)} of" in said
    assert "of the health check; in ALARM already, so not tested: CpuHigh\n" in said
    assert main.aws.alarms[main.names.alarm("CpuHigh")]["StateValue"] == "ALARM"


def test_what_stays_behind_is_named(run: Run, main: Deployed, quick: None) -> None:
    main.aws.deny("sns", "unsubscribe", refuse("Unsubscribe", "AuthorizationError", "not authorized"))
    result = run("fire-drill", "main", "--yes")
    assert result.exit_code == 1
    assert "not deleted; delete it by hand: subscription arn:aws:sns" in result.stdout
    assert main.aws.queues == {}


def test_an_alarm_that_cannot_be_set_back_does_not_keep_the_rest_from_being_reported(
    run: Run, main: Deployed, quick: None
) -> None:
    refuse_alarm(main, "DeadLetters", "OK")
    main.aws.deny("sns", "unsubscribe", refuse("Unsubscribe", "AuthorizationError", "not authorized"))
    result = run("fire-drill", "main", "--yes", "--json")
    report = json.loads(result.stdout)
    (alarm,) = (a for a in report["alarms"] if a["wrong"])
    assert (result.exit_code, alarm["alarm"], alarm["reached"]) == (1, "DeadLetters", ["ALARM"])
    assert alarm["wrong"].startswith("AWS refused SetAlarmState: AccessDenied")
    full = main.names.alarm("DeadLetters")
    assert "could not be set back to OK" in alarm["wrong"]
    assert f"aws cloudwatch set-alarm-state --alarm-name {full} --state-value OK" in alarm["wrong"]
    assert report["left_behind"].startswith("subscription arn:aws:sns")


def test_an_alarm_that_goes_away_meanwhile_is_wrong(run: Run, main: Deployed, quick: None) -> None:
    """The drill has looked at all alarms before; then it looks at one at a time."""
    gone = main.names.alarm("CpuHigh")

    def goes_away(asked: Mapping[str, Any]) -> None:
        if asked["AlarmNames"] == [gone]:
            main.aws.alarms.pop(gone, None)

    main.aws.refusals["cloudwatch", "describe_alarms"] = goes_away
    assert drilled(run) == (1, {"CpuHigh": f"the alarm {gone} was deleted during the drill"})


def test_a_drill_that_cannot_go_on_reports_what_it_leaves_behind(
    run: Run, main: Deployed, quick: None
) -> None:
    main.aws.deny("sqs", "receive_message", refuse("ReceiveMessage", "AccessDenied", "not authorized"))
    assert run("fire-drill", "main", "--yes").stderr.splitlines() == [
        "error: AWS refused ReceiveMessage: AccessDenied: not authorized"
    ]
    main.aws.deny("sqs", "delete_queue", refuse("DeleteQueue", "AccessDenied", "not authorized"))
    result = run("fire-drill", "main", "--yes")
    (queue,) = main.aws.queues
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "error: AWS refused ReceiveMessage: AccessDenied: not authorized; not deleted; delete it by hand: "
        f"queue {queue} (AWS refused DeleteQueue: AccessDenied: not authorized)\n"
    )


def test_a_drill_that_cannot_listen_mails_nobody_and_leaves_no_queue(run: Run, main: Deployed) -> None:
    main.aws.deny("sns", "subscribe", refuse("Subscribe", "AuthorizationError", "not authorized"))
    result = run("fire-drill", "main", "--yes")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "error: AWS refused Subscribe: AuthorizationError: not authorized\n"
    assert (main.aws.published, main.aws.queues) == ([], {})


def test_an_older_health_function_is_distinguished(run: Run, main: Deployed, quick: None) -> None:
    main.aws.functions[main.names.connect_health] = lambda _: {"summary": "healthy", "metrics": {}}
    status, wrong = drilled(run)
    assert (status, set(wrong)) == (1, set(MAILS))
    assert "an older version that has no drill: it made a check; launch the stage" in wrong["login"]


def test_running_is_not_enough_for_restart_and_resume(
    run: Run, main: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.commands.operate.Clock", SimulatedClock().as_clock)
    main.inside.connect.debezium = None
    for command in ("restart", "resume"):
        result = run(command, "main")
        assert (result.exit_code, result.stdout) == (1, "")
        *progress, error = result.stderr.splitlines()
        assert error.startswith(f"error: {command} main: ")
        assert "but the source is not connected" in error
        # A line at least every 15 seconds of the 90.
        assert len(progress) >= 5


def test_a_pause_says_why_and_when_it_is_mailed(run: Run, main: Deployed) -> None:
    assert run("pause", "main", "--why", "the DBA patches", "--for", "2h").exit_code == 0
    halt = read_halt(main.inside.table)
    assert (halt.why, halt.remind_at - halt.at) == ("the DBA patches", 7200)
    assert any("an operator did that" in line and "the DBA patches" in line for line in findings(run))
    for wrong in ("2", "h", "2 h", "0m", "91d", "-1h"):
        assert_one_line(run("pause", "main", "--for", wrong), "--for", "30m, 2h or 1d12h")
    assert_one_line(run("pause", "main", "--why", "a\nb"), "no line of at most 200 characters")


def backups(directory: Path) -> list[Path]:
    return sorted(directory.glob("offsets-main-*.json"))


def test_a_position_is_saved_restored_and_deleted(run: Run, main: Deployed, tmp_path: Path) -> None:
    main.inside.connect.position = {"scn": "150"}
    assert json.loads(run("offsets", "main").stdout) == json.loads(run("offsets", "main", "show").stdout)
    assert run("offsets", "main", "backup", "--out", str(tmp_path)).stdout.strip() == str(
        backups(tmp_path)[0]
    )
    saved = str(backups(tmp_path)[0])
    main.inside.connect.position = {"scn": "170"}
    doubt = run("offsets", "main", "restore", saved, "--yes", "--out", str(tmp_path))
    assert doubt.exit_code == 2
    assert "nobody knows whether the redo log of SCN 150 is still there" in doubt.stderr
    declined = run(
        "offsets", "main", "restore", saved, "--position-checked", "--out", str(tmp_path), stdin="n\n"
    )
    assert "goes back from SCN 170 to 150: the changes between are sent a second time" in declined.stderr
    assert (declined.exit_code, main.inside.connect.states[CONNECTOR]) == (1, "RUNNING")
    done = run("offsets", "main", "restore", saved, "--position-checked", "--yes", "--out", str(tmp_path))
    assert (done.exit_code, main.inside.connect.position) == (0, {"scn": "150"})
    assert done.stdout.strip().endswith("start it with wms-connector resume main")
    # What was there before the change is in a backup of its own.
    assert json.loads(backups(tmp_path)[-1].read_text())["offsets"][0]["offset"] == {"scn": "170"}
    reset = run("offsets", "main", "reset", "--yes", "--out", str(tmp_path))
    assert (reset.exit_code, main.inside.connect.offsets) == (0, set())
    assert len(backups(tmp_path)) == 3


def test_a_backup_of_something_else_is_refused(run: Run, main: Deployed, tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    for text in (
        "",
        "{}",
        Backup("val", CONNECTOR, "t", ({"partition": {"a": 1}, "offset": {"b": 2}},)).to_text(),
    ):
        path.write_text(text)
        result = run("offsets", "main", "restore", str(path), "--yes")
        assert (result.exit_code, main.inside.connect.states[CONNECTOR]) == (2, "RUNNING")
    assert_one_line(run("offsets", "main", "restore"), "FILE is the backup to restore")
    assert_one_line(run("offsets", "main", "reset", str(path)), "FILE is the backup to restore")


def test_a_condition_is_refused_before_anybody_is_asked(run: Run, main: Deployed) -> None:
    assert_one_line(run("snapshot", "main", "--where", "A = 1"), "exactly one --table")
    table = signals.TABLES[0]
    assert_one_line(run("snapshot", "main", "--table", table, "--where", "A = 1; B"), "may not hold ';'")
    assert main.inside.kafka.sent == []
