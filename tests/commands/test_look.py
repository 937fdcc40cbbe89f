"""check, logs, `status --watch`, `connector diff`, and a stage that was launched a moment ago."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.aws import account
from connector.domain.admin_api import Request
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.facts import ADMIN, ALARMS, CHECK, MAIL
from connector.domain.health.report import evaluate
from connector.domain.stage.stage import Stage
from connector.operations import inspection, stage_settings
from connector.operations.inspection import inspect
from lambda_src.connect_admin import operations
from tests.commands.conftest import Run, assert_one_line
from tests.commands.test_operate import Deployed
from tests.support.aws_answers import refuse


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """What the commands find behind the environment's credentials."""
    deployed = Deployed()
    monkeypatch.setattr(account, "Account", lambda **_: deployed.aws)
    return deployed


# -- check -----------------------------------------------------------------------


def answering(answer: dict[str, Any] | Exception) -> Callable[[Any], Any]:
    return lambda event: answer


def test_a_check_runs_now_and_says_what_it_did(run: Run, main: Deployed):
    said = {
        "summary": "ConnectorTaskFailed: task 0 FAILED",
        "healthy": False,
        "causes": {"ConnectorTaskFailed": {"class": "memory", "owner": "operator"}},
        "done": "restarted the failed connector or task",
        "withheld": "",
        "notified": "incident",
        "metrics": {"ConnectorTaskFailed": 1.0},
        "seconds": 3.2,
    }
    main.aws.functions[main.names.connect_health] = answering(said)
    result = run("check", "main")
    assert (result.exit_code, result.stderr) == (1, "")
    for words in (
        "task 0 FAILED",
        "class memory, owner operator",
        "restarted the failed",
        "ConnectorTaskFailed 1",
    ):
        assert words in result.stdout
    (function, event) = main.aws.invoked[-1]
    assert function == main.names.connect_health
    assert not {"source", "detail-type", "detail"} & set(event), "an event of EventBridge's is no check"
    assert json.loads(run("check", "main", "--json").stdout)["healthy"] is False


@pytest.mark.parametrize(("summary", "status"), [("healthy", 0), ("no problem was found, but", 1)])
def test_a_function_of_an_earlier_version_says_it_by_its_summary(
    run: Run,
    main: Deployed,
    summary: str,
    status: int,
):
    main.aws.functions[main.names.connect_health] = answering({"summary": summary, "metrics": {}})
    assert run("check", "main").exit_code == status


def test_a_check_that_failed_names_its_log(run: Run, main: Deployed):
    main.aws.functions[main.names.connect_health] = answering(RuntimeError("see the log"))
    result = run("check", "main")
    assert result.exit_code == 1
    assert result.stderr.startswith(
        "error: the health Lambda wms-connector-main-connect-health failed at a check"
    )
    assert main.names.function_log_group(main.names.connect_health) in result.stderr


# -- logs ------------------------------------------------------------------------


def test_logs_print_the_oldest_first_without_the_values_of_rows(run: Run, main: Deployed):
    now = time.time()
    statement = 'ERROR insert into "WMS"."T" ("NAME") values (\'Doe\nJane\'); failed'
    main.aws.log_events += [
        (now - 30, statement),
        (now - 60, "INFO started \x1b[31m"),
        (now - 3600, "INFO old"),
    ]
    result = run("logs", "main")
    assert result.exit_code == 0
    assert "old" not in result.stdout
    assert result.stdout.index("started") < result.stdout.index("insert into")
    assert "Doe" not in result.stdout
    assert "Jane" not in result.stdout
    assert "\x1b" not in result.stdout
    assert "old" in run("logs", "main", "--since", "2h").stdout


def test_logs_filter_by_error_and_text_and_choose_a_log(run: Run, main: Deployed):
    now = time.time()
    main.aws.log_events += [(now - 3, "INFO one"), (now - 2, "ERROR two [x]"), (now - 1, "ERROR three")]
    assert "one" not in run("logs", "main", "--errors").stdout
    assert [
        json.loads(line)["message"]
        for line in run("logs", "main", "--grep", "two [x]", "--json").stdout.splitlines()
    ] == ["ERROR two [x]"]
    run("logs", "main", "--of", "health")


def test_an_empty_log_says_where_it_looked(run: Run, main: Deployed):
    result = run("logs", "main")
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"no such line in {main.names.connector_log_group} since" in result.stderr


def test_a_log_that_is_not_there_names_account_and_region(run: Run, main: Deployed):
    gone = refuse("FilterLogEvents", "ResourceNotFoundException", "The specified log group does not exist.")
    main.aws.refusals["logs", "filter_log_events"] = lambda _: gone
    result = run("logs", "main")
    assert result.exit_code == 1
    assert "region us-east-1 cannot be read" in result.stderr


@pytest.mark.parametrize("since", ["x", "0m", "3", "3 h", "-1h", ""])
def test_a_time_that_is_none_is_refused(run: Run, main: Deployed, since: str):
    assert_one_line(run("logs", "main", "--since", since), "write a number and s, m, h or d, for example 3h")


def test_follow_shows_each_line_once_and_ends_with_ctrl_c(
    run: Run,
    main: Deployed,
    monkeypatch: pytest.MonkeyPatch,
):
    now = time.time()
    main.aws.log_events.append((now - 1, "INFO first"))
    rounds = iter(range(3))

    def sleep(_: float) -> None:
        number = next(rounds, None)
        if number is None:
            raise KeyboardInterrupt
        main.aws.log_events.append((time.time() - 0.5, f"INFO more {number}"))

    monkeypatch.setattr("connector.commands.logs.sleep", sleep)
    result = run("logs", "main", "--follow")
    assert result.exit_code == 0
    assert [line.partition("INFO ")[2] for line in result.stdout.splitlines()] == [
        "first",
        "more 0",
        "more 1",
        "more 2",
    ]


# -- status ------------------------------------------------------------------------


def test_status_has_a_picture_of_the_lag(run: Run, main: Deployed):
    now = datetime.now(UTC)
    assert "up to" not in run("status", "main").stdout
    main.aws.lags = [(now - timedelta(minutes=10 * n), float(n)) for n in range(5)]
    result = run("status", "main")
    assert "█▇▅▃▁ up to 4 s" in result.stdout
    assert len(json.loads(run("status", "main", "--json").stdout)["lag_history"]) == 5


def test_watch_looks_again_and_adds_what_it_measured(
    run: Run,
    main: Deployed,
    monkeypatch: pytest.MonkeyPatch,
):
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("connector.commands.inspect.sleep", sleep)
    result = run("status", "--watch", "main", "--every", "5")
    assert (result.exit_code, waits) == (0, [5.0, 5.0, 5.0])
    assert result.stdout.count("Stage main, ") == 3
    assert "███ up to 1.5 s" in result.stdout
    assert run("status", "main", "--watch", "--every", "0").exit_code == 2


def test_the_parts_of_a_stage_are_asked_at_the_same_time(main: Deployed):
    """The whole takes about as long as its longest part."""
    slow = 0.3
    for service, command in (
        ("lambda", "invoke"),
        ("sns", "list_subscriptions_by_topic"),
        ("cloudwatch", "get_metric_statistics"),
    ):
        main.aws.refusals[service, command] = lambda _: time.sleep(slow)
    began = time.monotonic()
    facts = inspect(main.aws, main.inside.stage, datetime.now(UTC))
    assert facts.unavailable == {}
    # Five of them, one behind the other, would be 1.5 s; the function itself takes a part of a second.
    assert time.monotonic() - began < 5 * slow


# -- a new stage -------------------------------------------------------------------


def just_launched(main: Deployed, minutes: float) -> None:
    main.aws.checks = []
    main.aws.stacks[main.names.stack("events")]["CreationTime"] = datetime.now(UTC) - timedelta(
        minutes=minutes
    )
    for alarm in main.aws.alarms.values():
        alarm["StateValue"] = "INSUFFICIENT_DATA"
    main.aws.alarms[main.names.alarm("HealthCheckFailed")]["StateValue"] = "ALARM"


def test_a_healthy_new_stage_verifies_before_its_first_check(run: Run, main: Deployed):
    just_launched(main, minutes=1)
    result = run("verify", "main")
    assert result.exit_code == 0, result.stdout
    assert "the first one is due by" in result.stdout
    assert "`wms-connector check main` runs one now" in result.stdout
    assert "have no data yet" in result.stdout


def test_what_is_wrong_with_a_new_stage_is_still_found(run: Run, main: Deployed):
    just_launched(main, minutes=1)
    main.aws.alarms[main.names.alarm("CpuHigh")]["StateValue"] = "ALARM"
    result = run("verify", "main")
    assert result.exit_code == 1
    (line,) = result.stdout.splitlines()
    assert line.startswith("alarms: CpuHigh is in ALARM")


def test_a_stage_whose_first_check_is_overdue_is_not_healthy(run: Run, main: Deployed):
    just_launched(main, minutes=25)
    lines = run("verify", "main").stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["alarms", "health check"]


def test_an_alarm_of_what_is_well_again_is_not_sure_and_says_when_it_clears(run: Run, main: Deployed):
    main.aws.alarms[main.names.alarm("SourceDisconnected")]["StateValue"] = "ALARM"
    result = run("verify", "main")
    assert result.exit_code == 1
    (line,) = result.stdout.splitlines()
    assert "SourceDisconnected is in ALARM, but what it watches is well now" in line
    assert "minutes after the next health check" in line
    now = datetime.now(UTC)
    found = [r for r in evaluate(inspect(main.aws, main.inside.stage, now), now) if r.ok is not True]
    assert [each.ok for each in found] == [None]


# -- connector diff ------------------------------------------------------------------


@pytest.fixture
def answers_with_settings(main: Deployed, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """The admin function, which takes the caller's settings as the handler does."""

    def admin(event: Any) -> Any:
        request = Request.from_payload(event)
        session = main.inside.session(meant=request.stage)
        session.settings, session.log = request.settings, request.log
        return operations.answer(request.operation, session).to_payload()

    main.aws.functions[main.names.connect_admin] = admin
    return main


def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A checkout whose main says this."""
    (tmp_path / "config" / "main").mkdir(parents=True)
    (tmp_path / "config" / "config.yaml").touch()
    (tmp_path / "config" / "main" / "config.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)


def test_a_config_that_is_as_wanted_differs_in_nothing(run: Run, answers_with_settings: Deployed):
    result = run("connector", "diff", "main")
    assert (result.exit_code, result.stdout.strip()) == (
        0,
        "a launch would change nothing in the config of wms-oracle-cdc",
    )


def test_a_setting_of_the_checkout_shows_the_keys_that_it_changes(
    run: Run, answers_with_settings: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    written(tmp_path, monkeypatch, "connector: {heartbeat_seconds: 60}\n")
    result = run("connector", "diff", "main")
    assert result.exit_code == 1
    assert "heartbeat.interval.ms" in result.stdout
    found = json.loads(run("connector", "diff", "main", "--json").stdout)
    assert found["differences"] == {"heartbeat.interval.ms": ["10000", "60000"]}


def test_topics_that_a_launch_would_change_are_named_with_both_values(
    run: Run, answers_with_settings: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    written(tmp_path, monkeypatch, "connector: {data_partitions: 5, data_retention_days: 3}\n")
    kafka = answers_with_settings.inside.kafka
    kafka.changes.clear()
    gone, data = (answers_with_settings.inside.stage.topics.one("heartbeat"), "wms.WMS.PLAN_BASE_WVR_TBL")
    del kafka.topics[gone]
    result = run("connector", "diff", "main")
    assert (result.exit_code, kafka.changes) == (1, [])
    assert "a launch would change nothing in the config of wms-oracle-cdc, and 5 of 9 topics" in result.stdout
    found = json.loads(run("connector", "diff", "main", "--json").stdout)["topics"]
    assert found[gone] == "created, partitions 1"
    assert found[data] == "retention.ms 604800000 -> 259200000, partitions 1 -> 5"
    assert len(found) == 5


def test_brokers_that_are_away_do_not_hide_what_the_config_would_be(
    run: Run, answers_with_settings: Deployed
):
    answers_with_settings.inside.kafka.unreachable = True
    result = run("connector", "diff", "main")
    assert result.exit_code == 0
    assert (
        "nothing in the config of wms-oracle-cdc; its topics could not be compared: the bro" in result.stdout
    )


def test_what_somebody_wrote_into_the_live_config_is_shown_but_no_password(
    run: Run, answers_with_settings: Deployed
):
    stored = answers_with_settings.inside.connect.configs["wms-oracle-cdc"]
    stored |= {"database.password": "hunter2", "extra.key": "1"}
    del stored["snapshot.mode"]
    found = json.loads(run("connector", "diff", "main", "--json").stdout)
    assert found["differences"] == {
        "database.password": ["(not shown)", "${env:DATABASE_PASSWORD}"],
        "extra.key": ["1", None],
        "snapshot.mode": [None, "initial"],
    }
    assert "hunter2" not in run("connector", "diff", "main").stdout


def test_the_diff_changes_nothing(run: Run, answers_with_settings: Deployed):
    before = len(answers_with_settings.inside.connect.writes)
    run("connector", "diff", "main")
    assert len(answers_with_settings.inside.connect.writes) == before


def test_the_config_has_the_settings_of_the_checkout(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    written(tmp_path, monkeypatch, "connector: {heartbeat_seconds: 60}\n")
    assert json.loads(run("connector", "config", "main", "--json").stdout)["heartbeat.interval.ms"] == "60000"
    assert json.loads(run("connector", "config", "val", "--json").stdout)["heartbeat.interval.ms"] == "10000"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("connector: [1]\n", "connector is [1]; expected settings"),
        ("connector: {nonsense: 1}\n", "connector.nonsense is an unknown setting"),
        ("a: [\n", "cannot be read as YAML"),
    ],
)
def test_settings_that_are_wrong_are_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
):
    written(tmp_path, monkeypatch, text)
    assert_one_line(run("connector", "config", "main"), words)


def test_a_stage_without_a_directory_has_the_defaults(tmp_path: Path):
    assert stage_settings.connector_settings(Stage("nowhere"), tmp_path) == ConnectorSettings()


# -- parts that do not answer -----------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("service", "command", "part"),
    [
        ("lambda", "invoke", ADMIN),
        ("cloudwatch", "describe_alarms", ALARMS),
        ("cloudwatch", "get_metric_statistics", CHECK),
        ("sns", "list_subscriptions_by_topic", MAIL),
    ],
)
def test_a_part_that_does_not_answer_is_unavailable_and_the_others_are_shown(
    main: Deployed, monkeypatch: pytest.MonkeyPatch, service: str, command: str, part: str
):
    monkeypatch.setattr(inspection, "_SECONDS", 2.0)
    with hanging(main, service, command):
        began = time.monotonic()
        facts = inspect(main.aws, main.inside.stage, datetime.now(UTC))
        assert time.monotonic() - began < 4
    assert facts.unavailable[part] == "no answer in 2 s"
    assert len(facts.stacks) == len(main.aws.stacks)


def test_a_program_whose_stacks_nobody_describes_ends_and_says_so(
    run: Run, main: Deployed, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(inspection, "_SECONDS", 0.2)
    with hanging(main, "cloudformation", "describe_stacks"):
        result = run("status", "main")
        others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
        # The program waits for no thread of these when it ends.
        assert all(thread.daemon for thread in others)
        assert not any("ThreadPoolExecutor" in thread.name for thread in others)
    assert (result.exit_code, result.stderr) == (1, "error: no answer in 0 s\n")


@contextmanager
def hanging(main: Deployed, service: str, command: str) -> Iterator[None]:
    """While the block runs, such a request gets no answer."""
    over = threading.Event()

    def refusal(_: object) -> None:
        over.wait(60)

    main.aws.refusals[service, command] = refusal
    try:
        yield
    finally:
        over.set()
