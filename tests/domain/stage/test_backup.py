"""A backup is read as it was written, its id names one object, and a history is only ever completed."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.capture.offsets import Pair
from connector.domain.errors import OperatorError
from connector.domain.stage import backup
from connector.domain.stage.backup import HistoryRecord, Reason, StageBackup, missing_history
from connector.domain.stage.record import StageRecord
from connector.domain.stage.stage import NAMED_STAGES, Stage
from tests.domain.strategies import ephemeral_stages

MAIN = Stage.parse("main")
TEXTS = st.text(max_size=20)
RECORDS = st.tuples(TEXTS, st.none() | TEXTS)
PAIRS = st.fixed_dictionaries(
    {
        "partition": st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=2),
        "offset": st.dictionaries(TEXTS, st.none() | st.integers() | TEXTS, min_size=1, max_size=3),
    }
)


@given(
    st.lists(PAIRS, max_size=2), st.lists(RECORDS, max_size=4), st.dictionaries(TEXTS, TEXTS), st.booleans()
)
def test_a_backup_is_read_as_it_was_written(
    offsets: list[Pair], history: list[HistoryRecord], config: dict[str, str], recorded: bool
):
    record = StageRecord("main", "cluster-1", "0", ("a",), "hash", {"p": "v"}).to_item() if recorded else None
    written = StageBackup("main", "2030-01-02T03:04:05+00:00", "daily", offsets, history, config, record)
    read = StageBackup.from_text(written.to_text())
    assert (list(read.offsets), list(read.history)) == (offsets, history)
    assert (read.config, read.record) == (config, record)
    assert read.stage_record == (None if record is None else StageRecord.from_item(record))


@given(st.none() | st.text() | st.recursive(st.none() | TEXTS, st.lists).map(json.dumps))
def test_anything_else_is_no_backup_and_its_text_is_not_shown(text: str | None):
    with pytest.raises(OperatorError, match="^the object is no backup of a stage; choose another one of"):
        StageBackup.from_text(text or "{}")


@given(st.lists(RECORDS, max_size=6), st.lists(RECORDS, max_size=6))
def test_a_history_is_completed_or_left_alone(present: list[HistoryRecord], kept: list[HistoryRecord]):
    """Whatever is written leaves the topic with all that was kept, in its order."""
    missing = missing_history(present, kept)
    if missing is not None:
        after = [*present, *missing]
        assert after[: len(kept)] == kept
        assert list(missing_history(after, kept) or ()) == []
    else:
        assert present[: len(kept)] != kept
        assert kept[: len(present)] != present


@given(st.lists(RECORDS, max_size=6), st.integers(0, 6))
def test_an_interrupted_restore_goes_on_where_it_was_cut_off(kept: list[HistoryRecord], written: int):
    assert missing_history(kept[:written], kept) == kept[written:]


@given(st.lists(st.datetimes(timezones=st.just(UTC)), max_size=6, unique=True))
def test_ids_sort_by_time_and_give_it_back(times: list[datetime]):
    times = [at for at in times if at.year > 999]
    made = [backup.backup_id(at, Reason.DAILY) for at in times]
    keys = [backup.key(MAIN, each) for each in made]
    assert all(key.startswith("backups/main/") for key in keys)
    found = backup.ids(MAIN, [*keys, "backups/main/else.txt", "backups/main/"])
    assert [backup.taken_at(each) for each in found] == sorted(times, reverse=True)
    assert {backup.reason_of(each) for each in found} <= {"daily"}


def test_the_time_of_an_id_is_utc():
    at = datetime(2030, 1, 2, 3, 4, 5, 6, UTC)
    assert backup.backup_id(at, Reason.REQUEST) == "20300102T030405000006Z-request"
    assert backup.taken_at("20300102T030405000006Z-request") - at == timedelta()


@pytest.mark.parametrize(
    "identifier",
    ["", "x", "../val/20300102T030405000000Z-daily", "20300102T030405000000Z-daily.json", "latest"],
)
def test_what_is_no_id_names_no_object(identifier: str):
    with pytest.raises(OperatorError, match="is no id like"):
        backup.key(MAIN, identifier)


def test_each_named_stage_has_a_prefix_of_its_own():
    prefixes = {backup.prefix(Stage.parse(name)) for name in NAMED_STAGES}
    assert len(prefixes) == len(NAMED_STAGES)
    assert all(each.endswith("/") for each in prefixes)


@given(ephemeral_stages)
def test_a_branchs_stage_has_none(stage: Stage):
    with pytest.raises(OperatorError, match="has no backups: only main"):
        backup.prefix(stage)
