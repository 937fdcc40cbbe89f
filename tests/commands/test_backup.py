"""`backup` and `rebuild`, upon a stage whose admin Lambda is real code."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from connector.aws import account
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.record import RECORD_KEY
from connector.operations import confirmation
from tests.commands.conftest import Run, assert_one_line
from tests.commands.test_operate import Deployed
from tests.lambda_src.connect_admin.test_backup import HISTORY, KEPT
from tests.support.fake_kafka import FakeTopic
from tests.support.fake_lambda_aws import BUCKET

#: A time in seconds since 1970 that is after any heartbeat that a launch would wait for.
BEATS = 4e9


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """Main, deployed, registered and with a bucket, at SCN 150; somebody sits at a terminal."""
    deployed = Deployed()
    inside = deployed.inside
    inside.bucket = BUCKET
    inside.connect.position = {"scn": "150"}
    inside.kafka.written[HISTORY] = list(KEPT)
    inside.kafka.newest_at[inside.stage.topics.one("heartbeat")] = BEATS
    for what in ("config", "offsets", "status"):
        inside.kafka.topics[inside.stage.topics.one(f"connect_{what}")] = FakeTopic()
    monkeypatch.setattr(account, "Account", lambda **_: deployed.aws)
    monkeypatch.setattr(confirmation, "on_terminal", lambda: True)
    return deployed


@pytest.fixture
def saved(run_json: Callable[..., Any], main: Deployed) -> str:
    """The id of a backup of main."""
    return str(run_json("backup take", "main")["id"])


def test_backups_are_taken_listed_and_shown(
    run: Run, run_json: Callable[..., Any], main: Deployed, saved: str
) -> None:
    (listed,) = run_json("backup list", "main")
    assert (listed["id"], listed["reason"]) == (saved, "request")
    assert saved in run("backup", "list", "main").stdout
    found = run_json("backup show", "main", saved)
    assert (found["id"], found["history_records"], found["config"]["name"]) == (saved, 3, CONNECTOR)
    shown = run("backup", "show", "main")
    for words in (f"Backup {saved} of main", "scn 150", "3 records", "cluster cluster-1", "stays SCN 150"):
        assert words in shown.stdout
    assert run("backup", "take", "main").stdout.startswith("backup ")


def test_no_backup_is_no_error_of_a_list_and_one_line_of_a_restore(run: Run, main: Deployed) -> None:
    assert json.loads(run("backup", "list", "main", "--json").stdout) == []
    for command in ("show", "restore"):
        result = run("backup", command, "main")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "has no backup with a position and a schema history" in result.stderr
        assert result.stderr.count("\n") == 1


def test_a_backup_is_restored_after_a_question(run: Run, main: Deployed, saved: str) -> None:
    connect = main.inside.connect
    connect.position = {"scn": "170"}
    doubt = run("backup", "restore", "main", saved, "--yes")
    assert_one_line(doubt, "nobody knows whether the redo log of SCN 150", "add --position-checked")
    declined = run("backup", "restore", "main", saved, "--position-checked", stdin="n\n")
    assert "goes back from SCN 170 to 150: the changes between are sent a second time" in declined.stderr
    assert (declined.exit_code, connect.states[CONNECTOR], connect.position) == (1, "RUNNING", {"scn": "170"})
    done = run("backup", "restore", "main", "--position-checked", "--yes", "--json")
    assert (done.exit_code, json.loads(done.stdout)["id"]) == (0, saved)
    assert (connect.states[CONNECTOR], connect.position) == ("STOPPED", {"scn": "150"})
    # What there was is in a backup of its own.
    assert "-restore is written" in done.stderr


def test_a_position_ahead_of_the_database_is_refused_before_anything_is_stopped(
    run: Run, main: Deployed, saved: str
) -> None:
    main.inside.connect.position = {"scn": "120"}
    main.inside.connect.debezium = {"streaming": {"connected": 1.0, "currentscn": 130.0}}
    result = run("backup", "restore", "main", saved, "--yes", "--position-checked")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "SCN 150 is ahead of the database's, which is 130; nothing was changed" in result.stderr
    assert main.inside.connect.states[CONNECTOR] == "RUNNING"


@pytest.mark.parametrize(
    "words",
    [("backup", "list"), ("backup", "show"), ("backup", "take"), ("backup", "restore"), ("rebuild",)],
)
def test_a_branchs_stage_and_a_refused_one_are_one_line(
    run: Run, main: Deployed, words: tuple[str, ...]
) -> None:
    assert_one_line(run(*words, "feature-x"), "has no backups: only main, val, production")
    assert_one_line(run(*words, "Main"), "is refused")


@pytest.mark.parametrize(
    "words", [("backup", "show", "main", "latest"), ("rebuild", "main", "--backup", "x")]
)
def test_what_is_no_id_is_refused(run: Run, main: Deployed, words: tuple[str, ...]) -> None:
    assert_one_line(run(*words), "is no id like", "wms-connector backup list")


def test_of_a_whole_stage_nothing_is_rebuilt(run: Run, main: Deployed, saved: str) -> None:
    before = len(main.inside.connect.writes)
    result = run("rebuild", "main", "--yes")
    assert result.exit_code == 0
    assert "nothing that is seen here" in result.stdout
    assert len(main.inside.connect.writes) == before
    found = json.loads(run("rebuild", "main", "--check", "--json").stdout)
    assert (found["rebuilt"], found["losses"], found["told"]) == (False, [], [])


def test_a_lost_history_is_told_and_only_looked_at_with_check(run: Run, main: Deployed, saved: str) -> None:
    main.inside.kafka.written[HISTORY].clear()
    told = run("rebuild", "main", "--check")
    assert (told.exit_code, main.inside.connect.states[CONNECTOR]) == (0, "RUNNING")
    assert "schema history: which structure the tables had" in told.stderr
    assert f"schema history and position of backup {saved} are written back" in told.stderr
    assert "the backup is not written back without more: nobody knows" in told.stderr
    assert json.loads(run("rebuild", "main", "--check", "--json").stdout)["doubt"]
    doubt = run("rebuild", "main", "--yes")
    assert (doubt.exit_code, main.inside.kafka.written[HISTORY]) == (2, [])
    assert "else --from-snapshot" in doubt.stderr


def test_a_lost_history_comes_back_from_the_backup(run: Run, main: Deployed, saved: str) -> None:
    main.inside.kafka.written[HISTORY].clear()
    main.inside.connect.position = {"scn": "170"}
    done = run("rebuild", "main", "--position-checked", "--yes", "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["rebuilt"], found["losses"], found["means"]) == (True, ["schema history"], "backup")
    assert main.inside.kafka.written[HISTORY] == KEPT
    connect = main.inside.connect
    assert (connect.states[CONNECTOR], connect.position) == ("RUNNING", {"scn": "150"})


def test_a_lost_history_without_a_backup_begins_anew(run: Run, main: Deployed, saved: str) -> None:
    main.inside.kafka.written[HISTORY].clear()
    done = run("rebuild", "main", "--from-snapshot", "--yes")
    assert done.exit_code == 0, done.stderr
    assert "no record shows rows that are deleted until then" in done.stderr
    assert "reset: the stored position is deleted" in done.stderr
    assert main.inside.connect.states[CONNECTOR] == "RUNNING"
    assert main.inside.kafka.written[HISTORY] == []


def test_lost_internal_topics_end_with_a_connector_at_the_backups_position(
    run: Run, main: Deployed, saved: str
) -> None:
    connect = main.inside.connect
    connect.configs.clear()
    connect.states.clear()
    connect.tasks.clear()
    connect.offsets.clear()
    done = run("rebuild", "main", "--position-checked", "--yes")
    assert done.exit_code == 0, done.stderr
    assert "lost: internal topics; the stage is registered again" in done.stdout
    assert "no backup of what there is now" in done.stderr
    assert (connect.states[CONNECTOR], connect.position) == ("RUNNING", {"scn": "150"})


def test_a_lost_table_gets_its_record_and_the_position_stays(run: Run, main: Deployed, saved: str) -> None:
    record = main.inside.table.items[RECORD_KEY]
    main.inside.table.items.clear()
    main.inside.connect.position = {"scn": "170"}
    done = run("rebuild", "main", "--yes")
    assert done.exit_code == 0, done.stderr
    assert main.inside.table.items[RECORD_KEY] == record
    assert main.inside.connect.position == {"scn": "170"}


def test_another_cluster_is_registered_and_recorded(run: Run, main: Deployed, saved: str) -> None:
    connect = main.inside.connect
    main.inside.kafka.id = "cluster-2"
    main.inside.kafka.written.clear()
    connect.configs.clear()
    connect.states.clear()
    connect.tasks.clear()
    connect.offsets.clear()
    done = run("rebuild", "main", "--yes", "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["losses"], found["means"]) == (["cluster"], "snapshot")
    assert main.inside.table.items[RECORD_KEY]["cluster_id"] == "cluster-2"
    assert connect.states[CONNECTOR] == "RUNNING"


def test_options_that_exclude_each_other(run: Run, main: Deployed, saved: str) -> None:
    result = run("rebuild", "main", "--from-snapshot", "--backup", saved)
    assert_one_line(result, "--from-snapshot uses no backup")


@pytest.mark.parametrize("words", [("backup", "list", "val"), ("rebuild", "val")])
def test_a_stage_that_is_not_deployed_is_one_line(run: Run, main: Deployed, words: tuple[str, ...]) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "is not deployed" in result.stderr
