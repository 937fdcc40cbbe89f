"""The range of a LogMiner session against the files on its list."""

import pytest

from connector.local.oracle.engine import OracleEngine
from connector.local.oracle.errors import OracleError
from connector.local.oracle.logminer import LogMiner


def test_a_range_may_end_where_the_last_file_ends_and_no_later(engine: OracleEngine):
    """Debezium ends a session at NEXT_CHANGE# of the last archived log that it reads."""
    for _ in range(3):
        engine.switch_log()
    first, second, _ = engine.logs.archived()
    assert first.archived_name is not None
    assert second.archived_name is not None
    assert second.next_change is not None
    miner = LogMiner(engine)
    miner.add(first.archived_name)
    miner.add(second.archived_name)
    miner.start(first.first_change, second.next_change)
    assert miner.started == (first.first_change, second.next_change)
    with pytest.raises(OracleError, match="ORA-01291"):
        miner.start(first.first_change, second.next_change + 1)
    with pytest.raises(OracleError, match="ORA-01291"):
        miner.start(first.first_change - 1, second.next_change)


def test_a_file_that_is_left_out_is_a_gap(engine: OracleEngine):
    for _ in range(3):
        engine.switch_log()
    first, _, third = engine.logs.archived()
    assert first.archived_name is not None
    assert third.archived_name is not None
    miner = LogMiner(engine)
    miner.add(first.archived_name)
    miner.add(third.archived_name)
    with pytest.raises(OracleError, match="ORA-01291"):
        miner.start(first.first_change, third.first_change)
