"""A comparison, step by step: what it finds, what it refuses, and that nothing of it is left behind."""

import json
import time
from typing import Any

import pytest

from connector.domain.admin_api import Answer, Operation, State
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.observation import Source
from connector.domain.reconcile.comparison import TableReport
from connector.domain.reconcile.run import (
    ABANDONED_SECONDS,
    ComparisonPhase,
    ReconcileRequest,
    ReconcileRun,
)
from connector.domain.stage.aws_names import COMPARISON_CONNECTOR, CONNECTOR
from lambda_src.clients import metrics_page
from lambda_src.connect_admin.reconcile import read, repair, steps
from tests.lambda_src.conftest import FakeStage
from tests.lambda_src.connect_admin.reconcile.comparing import KEY, OTHER, RUN, SCN, TABLE, Comparing


@pytest.fixture
def main(world: FakeStage) -> Comparing:
    return Comparing(world)


def test_each_kind_of_difference_is_found_and_what_comes_after_the_scn_is_not_looked_at(
    main: Comparing,
) -> None:
    main.source = {1: "same", 2: "new", 3: "never sent", 4: "deleted too early", 6: "same"}
    main.write(1, "same")
    main.write(2, "old")
    main.write(4, "deleted too early")
    main.write(4, None)
    main.write(5, "ghost")
    main.write(6, "same", scn=SCN)
    main.write(6, "changed later", scn=SCN + 1)
    main.write(7, "inserted later", scn=SCN + 1)
    answer = main.finish()
    assert answer.state is State.DONE, answer.summary
    assert main.counts(answer) == {"equal": 2, "different": 1, "missing": 2, "ghosts": 1}
    assert answer.summary == f"100.0 % of 6 keys could be judged, as of SCN {SCN}: 4 of {TABLE} differ"
    assert answer.details["tables"][TABLE]["columns"] == {"WVR_TTL_TXT": 1}
    found = json.dumps(answer.to_payload())
    assert not [text for text in ("never sent", "old", 'ghosts": [') if f'"{text}"' in found]
    assert "keys" not in answer.details["tables"][TABLE]
    assert main.clean(RUN).state is State.DONE
    assert main.left() == []
    assert main.finish(OTHER, keys_shown=True).details["tables"][TABLE]["keys"] == {
        "different": ["2"],
        "ghosts": ["5"],
        "missing": ["3", "4"],
    }


def test_what_the_topic_does_not_keep_any_more_is_not_judged(main: Comparing) -> None:
    main.source = {1: "gone from the topic", 2: "kept", 3: "deleted on the topic"}
    main.write(1, "gone from the topic")
    main.write(2, "kept")
    main.write(3, None)
    main.stage.kafka.gone[main.topic] = 1
    answer = main.finish()
    assert main.counts(answer) == {"equal": 1, "missing": 1, "unjudged": 1}
    assert answer.summary.startswith("66.6 % of 3 keys could be judged")


def test_only_the_asked_keys_are_judged(main: Comparing) -> None:
    main.source = {1: "a", 2: "b"}
    assert main.counts(main.finish(keys=("2",))) == {"missing": 1}


def test_rows_of_an_earlier_run_and_of_a_snapshot_that_was_broken_off_are_passed_over(
    main: Comparing,
) -> None:
    main.write(9, "of an hour ago", topic=f"wms.reconcile.{TABLE}", scn=SCN)
    main.stage.kafka.topics[f"wms.reconcile.{TABLE}"] = main.stage.kafka.topics[main.topic]
    main.source = {1: "a"}
    main.write(1, "a")
    assert main.counts(main.finish()) == {"equal": 1}


def test_nothing_is_judged_before_the_stream_has_passed_the_scn(main: Comparing) -> None:
    main.source = {1: "a"}
    main.stage.connect.position = {"scn": str(SCN), "commit_scn": f"{SCN}:1:x"}
    for _ in range(6):
        answer = main.step()
    assert answer.summary == f"waiting until {CONNECTOR} has passed SCN {SCN}"
    main.write(1, "a", scn=SCN)
    # A transaction that is open for long holds the position back, but not the commits after it.
    main.stage.connect.position = {"scn": "3", "commit_scn": f"{SCN + 1}:1:x"}
    assert main.counts(main.finish()) == {"equal": 1}


@pytest.mark.parametrize("records", [1, 3])
def test_many_small_objects_make_the_same_report(
    main: Comparing, monkeypatch: pytest.MonkeyPatch, records: int
) -> None:
    monkeypatch.setattr(read, "_CHUNK_RECORDS", records)
    main.source = dict.fromkeys(range(20), "new")
    for title in ("old", "new"):
        for number in range(5, 25):
            main.write(number, title)
    assert main.counts(main.finish()) == {"equal": 15, "missing": 5, "ghosts": 5}
    assert main.asked > 6
    main.clean(RUN)
    assert main.left() == []
    assert len(main.stage.aws.s3.written) > 20


def kill_points(main: Comparing, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many steps a whole run with a repair takes."""
    repair_at_once(main, monkeypatch)
    main.finish(repair=True)
    main.clean(RUN)
    return main.asked


def repair_at_once(main: Comparing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "snapshot", lambda _: Answer(State.DONE, "", True, {"sent_at": 1}))
    monkeypatch.setattr(repair, "snapshot_progress", lambda _: Answer(State.DONE, ""))


@pytest.mark.parametrize("lost", [False, True])
def test_after_a_kill_at_any_step_a_clean_and_a_new_run_leave_nothing(
    world: FakeStage, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    """`lost`: the step was carried out, and its state not written any more."""
    main = Comparing(world)
    main.source = {1: "a", 2: "b"}
    main.write(2, "c")
    total = kill_points(main, monkeypatch)
    assert main.left() == []
    for killed_after in range(1, total):
        for _ in range(killed_after):
            main.step(repair=True)
        if lost:
            with monkeypatch.context() as patch:
                patch.setattr(steps, "replace_item", lambda *_: False)
                main.step(repair=True)
        assert main.left() != [], killed_after
        if killed_after % 2:
            assert main.clean().state is State.DONE
        else:
            later(monkeypatch, ABANDONED_SECONDS + 1)
            answer = main.finish(OTHER)
            assert main.counts(answer) == {"different": 1, "missing": 1}
            assert main.clean(OTHER).state is State.DONE
            monkeypatch.undo()
            repair_at_once(main, monkeypatch)
        assert main.left() == [], killed_after


def later(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + seconds)


def test_a_step_that_is_repeated_changes_nothing_twice(
    main: Comparing, monkeypatch: pytest.MonkeyPatch
) -> None:
    main.source = {1: "a"}
    while main.step().state is State.WAITING:
        with monkeypatch.context() as patch:
            patch.setattr(steps, "replace_item", lambda *_: False)
            assert main.step().state in (State.WAITING, State.DONE)
    assert main.counts(main.step()) == {"missing": 1}


def test_two_runs_do_not_disturb_each_other(main: Comparing) -> None:
    main.source = {1: "a"}
    main.step()
    answer = main.step(OTHER)
    assert answer.state is State.FAILED
    assert "another comparison is under way since" in answer.summary
    assert "reconcile main --clean" in answer.summary
    assert main.clean(OTHER).summary.startswith("another comparison has begun since")
    assert main.finish().state is State.DONE


def test_a_run_that_was_cleared_away_does_not_begin_anew_by_itself(main: Comparing) -> None:
    main.source = {1: "a"}
    main.step()
    main.clean()
    answer = main.step(begin=False)
    assert (answer.state, "cleared away" in answer.summary) == (State.FAILED, True)
    assert main.left() == []


@pytest.mark.parametrize("phase", [ComparisonPhase.SNAPSHOT, ComparisonPhase.READ])
@pytest.mark.parametrize("before", [True, False])
def test_a_step_that_is_cleared_away_meanwhile_leaves_nothing(
    main: Comparing, monkeypatch: pytest.MonkeyPatch, phase: ComparisonPhase, before: bool
) -> None:
    main.source = {1: "a"}
    act = steps._STEPS[phase]

    def overtaken(session: Any, run: Any, request: Any) -> Any:
        if before:
            main.clean()
        answer = act(session, run, request)
        if not before:
            main.clean()
        return answer

    monkeypatch.setattr(steps, "_STEPS", {**steps._STEPS, phase: overtaken})
    answer = main.finish(begin=True)
    assert (answer.state, answer.summary) == (State.FAILED, steps.CLEARED_AWAY)
    assert main.left() == []


def test_a_failed_read_of_the_tables_is_told_in_one_line(main: Comparing) -> None:
    main.failure = "java.sql.SQLException: ORA-01555: snapshot too old"
    answer = main.finish()
    assert answer.state is State.FAILED
    assert answer.summary.startswith(
        f"the tables could not be read: task 0 of {COMPARISON_CONNECTOR} FAILED: "
    )
    assert main.clean(RUN).state is State.DONE
    assert main.left() == []


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda main: setattr(main.stage, "settings", ConnectorSettings(kind="jdbc")), "jdbc"),
        (lambda main: main.stage.ask(Operation.PAUSE), "is not running"),
        (lambda main: main.stage.connect.debezium["streaming"].update(connected=0.0), "does not stream"),
        (
            lambda main: main.stage.connect.debezium.update(snapshot={"snapshotrunning": 1.0}),
            "snapshot is running",
        ),
    ],
)
def test_a_stage_that_does_not_stream_is_not_compared(main: Comparing, spoil: Any, reason: str) -> None:
    spoil(main)
    answer = main.step()
    assert (answer.state, reason in answer.summary) == (State.FAILED, True), answer.summary
    assert main.left() == []
    assert "wms.reconcile." + TABLE not in main.stage.kafka.topics


def test_tables_without_a_row_cannot_be_dated(main: Comparing) -> None:
    main.stage.connect.on_config = lambda *_: None
    main.step()
    main.step()
    main.stage.connect.offsets.discard(COMPARISON_CONNECTOR)
    ended = Source(snapshot_tables=1, tables_left=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics_page, "read_source", lambda *_: ended)
        answer = main.step()
    assert (answer.state, "no row" in answer.summary) == (State.FAILED, True), answer.summary


def test_a_repair_asks_for_exactly_the_rows_that_the_source_has(
    main: Comparing, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[tuple[str, ...], str]] = []

    def sent(session: Any) -> Any:
        asked.append((session.tables, session.snapshot.where))
        return Answer(State.DONE, "", True, {"sent_at": 1})

    monkeypatch.setattr(repair, "snapshot", sent)
    monkeypatch.setattr(repair, "snapshot_progress", lambda _: Answer(State.DONE, ""))
    main.source = {1: "same", 2: "new", 3: "missing"}
    main.write(1, "same")
    main.write(2, "old")
    main.write(4, "ghost")
    answer = main.finish(repair=True)
    assert answer.details["tables"][TABLE]["repaired"] == 2
    ((tables, where),) = asked
    assert tables == (TABLE,)
    assert where in (f"{KEY} IN (2, 3)", f"{KEY} IN (3, 2)")


def test_what_was_found_is_told_though_the_repair_is_refused(
    main: Comparing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repair, "MOST_REPAIRED", 1)
    main.source = {1: "new", 2: "new"}
    main.write(1, "old")
    main.write(2, "old")
    answer = main.finish(repair=True)
    assert answer.state is State.DONE
    assert main.counts(answer) == {"different": 2}
    assert "too many to name one by one" in answer.details["not_repaired"]


def test_a_record_that_is_not_debeziums_is_found_by_topic_and_offset(main: Comparing) -> None:
    main.source = {1: "a"}
    main.write(1, "a")
    main.stage.kafka.written[main.topic].append(("{}", "no record"))
    answer = main.finish()
    assert answer.state is State.FAILED
    assert f"{main.topic}, partition 0, record 2 from offset 0 on" in answer.summary


def test_all_is_said_only_of_all() -> None:
    reports = {TABLE: TableReport(equal=99_999, unjudged=1)}
    run = ReconcileRun(RUN, "", [TABLE], 0, 0, reports=reports)
    answer = steps.report(run, ReconcileRequest(RUN))
    assert answer.summary.startswith("99.9 % of 100000 keys could be judged")


def test_the_topics_are_made_once_and_keep_an_hour(main: Comparing) -> None:
    main.source = {1: "a"}
    main.finish()
    main.clean()
    made = {name: topic for name, topic in main.stage.kafka.topics.items() if ".reconcile." in name}
    assert set(made) == set(main.stage.stage.topics.roles["comparison"])
    assert {topic.configs["retention.ms"] for topic in made.values()} == {"3600000"}
    before = list(main.stage.kafka.changes)
    main.finish(OTHER)
    assert main.stage.kafka.changes == before
