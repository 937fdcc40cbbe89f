"""What `explain` makes of a paste is what the health check makes of the same text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.diagnosis.classes import class_named
from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.oracle_codes import LOGIN_CODES, by_code
from connector.domain.errors import OperatorError
from connector.domain.health.explanation import explain
from connector.domain.stage.stage import Stage
from tests.domain.health.test_pasted import CHAIN, LOGIN, LOST, event

KEYS = {"class", "restart", "owner", "meaning", "cause", "next_step", "command", "line", "others"}
OF_TASK = "2026-11-29T06:00:00.000Z WARN  [wms-oracle-cdc|task-0] "


def test_the_json_has_its_keys_and_the_judgement_of_the_health_check():
    found, expected = explain(CHAIN).to_json(Stage("main")), diagnose(CHAIN)
    assert set(found) == KEYS
    assert found["class"] == expected.error_class.name == "unreachable"
    assert (found["restart"], found["owner"]) == (True, "network")
    assert found["cause"] == expected.cause == "ORA-03113: end-of-file"
    assert found["command"] == "wms-connector status main"


def test_each_of_oracles_codes_is_explained_as_the_table_has_it():
    for code, family in by_code.items():
        found = explain(f"java.sql.SQLException: ORA-{code:05d}: words\n\tat a.B(B.java:1)\n").to_json(None)
        expected = class_named(family.error_class)
        assert (found["class"], found["restart"]) == (expected.name, expected.retry), f"ORA-{code:05d}"
        assert found["owner"] == expected.owner


@pytest.mark.parametrize(
    ("stage", "command"),
    [
        (Stage("main"), "wms-connector rotate main"),
        (Stage("feature-x"), "wms-connector rotate feature-x"),
        (None, "wms-connector rotate <stage>"),
    ],
)
def test_the_command_is_for_the_stage_or_has_a_placeholder(stage: Stage | None, command: str):
    assert explain(LOGIN).command(stage) == command


def test_without_a_stage_the_command_has_the_placeholder():
    found = explain("java.lang.IllegalStateException: never heard of").command(None)
    assert found == "wms-connector logs <stage> --errors --since 1h"


def test_an_error_that_no_class_describes_is_told_so():
    found = explain("java.lang.IllegalStateException: never heard of")
    assert found.unknown
    assert found.finding.cause == "never heard of"


def test_of_several_traces_the_last_is_explained_and_the_others_are_named():
    found = explain(f"{CHAIN}\njava.lang.OutOfMemoryError: Java heap space\n\tat a.B(B.java:1)\n")
    assert (found.finding.line, found.finding.error_class.name) == (6, "memory")
    assert [(other.line, other.error_class.name) for other in found.others] == [(1, "unreachable")]


def test_an_error_that_repeats_is_named_once_where_it_was_last():
    failed = [event(f"06:00:{second:02}", LOST) for second in range(30)]
    memory = event("06:00:30", "java.lang.OutOfMemoryError: Java heap space")
    assert explain("".join(failed)).others == ()
    found = explain("".join((*failed, memory)))
    assert [(other.line, other.error_class.name) for other in found.others] == [(30, "unreachable")]


def test_a_refused_login_anywhere_forbids_a_restart():
    found = explain(event("06:00:00", LOGIN) + event("06:00:10", LOST))
    assert found.finding.error_class.name == "unreachable"
    assert not found.finding.restart
    assert found.login == 1


@given(
    st.sampled_from(sorted(LOGIN_CODES)),
    st.lists(st.sampled_from((CHAIN, LOST, event("06:00:00", LOST), "words\n", "\n")), max_size=4),
    st.integers(0, 4),
)
def test_no_text_with_a_login_code_is_restarted(code: int, parts: list[str], at: int):
    parts.insert(at, f"java.sql.SQLException: ORA-{code:05d}: words\n\tat a.B(B.java:1)\n")
    assert not explain("".join(parts)).finding.restart


def test_a_line_that_tells_of_skipped_changes_has_their_class():
    found = explain(
        f"{OF_TASK}An unsupported operation detected for table 'WMSPDB1.MMDL.PLAN_BASE_WVR_TBL' in "
        "transaction 020016003a170000 with SCN 2000123 on redo thread 1. [i.d.c.o.l.X]"
    )
    assert found.finding.error_class.name == "unsupported-change"
    assert not found.finding.restart


def test_neither_a_value_of_a_row_nor_a_credential_nor_an_escape_is_in_the_answer():
    statement = 'update "WMS"."T" set "A" = \'Jane Roe\' where "B" = \'4711\''
    text = (
        "io.debezium.connector.oracle.logminer.parser.DmlParserException: DML statement couldn't be parsed. "
        f"Please open a Jira issue with the statement '{statement};'.\n\tat a.B(B.java:1)\n"
        "java.sql.SQLException: \x1b[31mno driver for jdbc:oracle:thin:scott/tiger@host, password=tiger\n"
    )
    for paste in (text, text + LOST):
        found = json.dumps(explain(paste).to_json(None), ensure_ascii=False)
        assert "\\u001b" not in found
        for secret in ("Jane Roe", "4711", "tiger", "\x1b"):
            assert secret not in found


@pytest.mark.parametrize("text", ["", " \n\t\n"])
def test_no_text_is_refused(text: str):
    with pytest.raises(OperatorError, match="no text to explain"):
        explain(text)
