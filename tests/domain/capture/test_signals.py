"""A snapshot's signal names exactly the tables that were asked for, in both databases' spelling."""

import json
import re

import pytest
from hypothesis import given

from connector.domain.capture import signals
from connector.domain.errors import OperatorError
from connector.domain.stage.stage import Stage
from tests.domain.strategies import stages


def expressions(*tables: str) -> list[str]:
    content = json.loads(signals.snapshot(Stage.parse("main"), tables, "x").value)
    return list(content["data"]["data-collections"])


@pytest.mark.parametrize("table", signals.TABLES)
def test_a_table_is_found_with_and_without_its_database_and_no_other_is(table: str):
    (expression,) = expressions(table)
    found = [t for t in signals.TABLES if re.fullmatch(expression, t)]
    with_database = [t for t in signals.TABLES if re.fullmatch(expression, f"WMSPDB.{t}")]
    assert (found, with_database) == ([table], [table])
    assert not re.fullmatch(expression, f"X{table}")
    # Debezium splits each entry at commas.
    assert "," not in expression


def test_a_table_is_read_once_however_often_it_is_named():
    assert signals.captured([signals.TABLES[1]] * 3) == (signals.TABLES[1],)
    assert signals.captured([]) == signals.TABLES


@pytest.mark.parametrize("table", ["", "PLAN", "wms.plan_base_wvr_tbl", "WMS.*", f"{signals.TABLES[0]} "])
def test_another_table_is_refused_with_those_there_are(table: str):
    with pytest.raises(OperatorError, match="is not captured") as caught:
        signals.captured([table])
    assert all(known in str(caught.value) for known in signals.TABLES)


@given(stages)
def test_the_key_is_the_topic_prefix_or_debezium_would_not_heed_it(stage: Stage):
    assert signals.snapshot(stage, [], "x").key == stage.topics.prefix
