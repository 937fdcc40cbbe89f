"""A requested snapshot: its condition, and its progress as Debezium's notifications tell it."""

import json
from typing import Any

import pytest

from connector.domain.capture import signals
from connector.domain.capture.offsets import Backup, pairs
from connector.domain.capture.snapshot import SnapshotRequest, check_where, last, progress
from connector.domain.errors import OperatorError
from connector.domain.stage.stage import Stage

SENT = 1_800_000_000_000
TABLE = signals.TABLES[2]


def told(kind: str, at: int = SENT + 10, *, aggregate: str = "Initial Snapshot", **more: str) -> str:
    """A notification as the sink channel writes it (observed with Debezium 3.6.1.Final)."""
    content = {"id": "x", "aggregate_type": aggregate, "type": kind, "additional_data": more, "timestamp": at}
    return json.dumps(content)


def after(*values: str, since: int = SENT) -> Any:
    return progress([("k", value) for value in values], since)


SCANNED = told(
    "TABLE_SCAN_COMPLETED", scanned_collection=f"DB.{TABLE}", total_rows_scanned="3", status="SUCCEEDED"
)


def test_a_snapshot_is_followed_from_its_start_to_its_end():
    started, at_table = told("STARTED"), told("IN_PROGRESS", current_collection_in_progress=f"DB.{TABLE}")
    assert after().describe() == "not received yet"
    assert after(started).describe() == "snapshot runs"
    assert after(started, at_table).describe() == f"snapshot runs at {TABLE}"
    assert after(started, at_table, SCANNED).rows == {TABLE: 3}
    done = after(started, at_table, SCANNED, told("COMPLETED"))
    assert (done.outcome, done.describe()) == ("COMPLETED", f"snapshot completed ({TABLE}: 3 rows)")
    assert after(started, told("ABORTED")).outcome == "ABORTED"


def test_the_newest_snapshot_is_the_last_that_was_begun():
    first = [told("STARTED", 1000), told("COMPLETED", 2000)]
    records = [("k", value) for value in (*first, told("STARTED", 3000), told("ABORTED", 4000), "no json")]
    assert last([]) is None
    assert last(records[:2]) == (after(*first, since=0), 2.0)
    newest = last(records)
    assert newest is not None
    assert (newest[0].outcome, newest[1]) == ("ABORTED", 4.0)


def test_what_was_told_before_the_signal_and_of_other_things_does_not_count():
    old = SENT - 60_000
    assert not after(told("STARTED", old), told("COMPLETED", old)).started
    assert not after(told("STARTED", aggregate="Incremental Snapshot")).started
    assert not after("no json", "[]", "").started


def test_the_envelope_of_connects_converter_is_taken_off():
    assert after(json.dumps({"schema": {}, "payload": json.loads(told("STARTED"))})).started


@pytest.mark.parametrize(
    "where", ["a = 1; DROP TABLE x", "a = 1 -- b", "a /* b", "SELECT 1", "a\nb", "x" * 1001]
)
def test_a_condition_is_one_condition_and_no_message_shows_it(where: str):
    with pytest.raises(OperatorError) as refused:
        check_where(where)
    assert where not in str(refused.value)


def test_a_request_survives_its_way():
    wanted = SnapshotRequest("id-1", "A > 1", SENT, again=True)
    assert SnapshotRequest.from_payload(json.loads(json.dumps(wanted.to_payload()))) == wanted
    assert SnapshotRequest.from_payload(None) is None
    with pytest.raises(OperatorError):
        SnapshotRequest.from_payload({"where": "A > 1"})


def test_a_condition_is_a_whole_statement_for_the_one_table_by_its_full_name():
    signal = signals.snapshot(Stage.parse("main"), [TABLE], "id-1", where="A > 1", catalog="wmsprd")
    (condition,) = json.loads(signal.value)["data"]["additional-conditions"]
    assert condition == {
        "data-collection": f'"WMSPRD".{TABLE}',
        "filter": f"SELECT * FROM {TABLE} WHERE A > 1",
    }


PAIR = {"partition": {"server": "wms"}, "offset": {"scn": "7"}}


def test_a_backup_survives_its_way_and_anything_else_is_refused():
    backup = Backup("main", "wms-oracle-cdc", "2027-01-15T08:00:00+00:00", (PAIR,))
    assert Backup.from_text(backup.to_text()) == backup
    for text in ("", "{}", "[]", backup.to_text().replace("partition", "part"), '{"offsets": []}'):
        with pytest.raises(OperatorError):
            Backup.from_text(text)
    with pytest.raises(OperatorError, match="holds no offset"):
        Backup.from_text(Backup("main", "c", "t", ()).to_text())
    wrongs: list[Any] = [{}, [1], [{"partition": {}, "offset": {"a": 1}}], [{**PAIR, "more": 1}]]
    for wrong in wrongs:
        with pytest.raises(OperatorError):
            pairs(wrong)
