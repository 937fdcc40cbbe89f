"""No value of a row comes out of a text that holds a statement."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.domain.diagnosis.diagnose import diagnose
from connector.domain.diagnosis.one_line import one_line
from connector.domain.diagnosis.redaction import HEAD, TAIL, bounded, without_values

#: A value that stands nowhere else.
SECRET = "Zq7"
LITERALS = [
    f"'{SECRET}'",
    f"'{SECRET}''{SECRET}'",
    f"'It''s {SECRET}'",
    f"N'{SECRET}'",
    f"n'{SECRET}'",
    f"q'[{SECRET}]'",
    f"Nq'!{SECRET}!'",
    f"HEXTORAW('{SECRET}')",
    f"HEXTORAW({SECRET})",
    f"TO_TIMESTAMP('{SECRET}')",
    f"UNISTR('{SECRET}')",
    f"'{SECRET}",
    f"'line\n{SECRET}'",
    f"'x | {SECRET}'",
    f"'x\r\n{SECRET}'",
    f"'a' || '{SECRET}'",
    f"/* c */ '{SECRET}'",
    f"5{SECRET}",
]
STATEMENTS = [
    'update "WMS"."T" set "A" = {} where "ID" = {};',
    'insert into "WMS"."T"("ID","A") values ({},{});',
    'delete from "WMS"."T" where "A" = {} and ROWID = {};',
    "update WMS.T a set A={}, B={}",
    "update wms.t set a = {} where b in ({})",
    'UPDATE\t"T"\nSET "A"={} WHERE "B" LIKE {}',
    "merge into T using (select {} x, {} y from dual) on (T.A = x)",
    "select * from T where A between {} and {}",
    "begin P({}, {}); end;",
    "call P({}, {})",
    "select {}, {} from dual",
    'alter table "T" add ("A" VARCHAR2 DEFAULT {}, B DEFAULT {})',
    "comment on table T is {} {}",
    # The head was lost.
    'WVR" = {} where "ID" = {};',
    '"STATE_CD" = {} and "X" = {}',
]
AROUND = [
    "{}",
    "io.debezium.DebeziumException: DML statement couldn't be parsed. Report the statement '{}'.",
    "java.lang.X: y\nCaused by: a.b.DmlParserException: Failed to parse DML: '{}'\n\tat a.B.c(B.java:1)",
    "2026-06-08T17:49:51.258Z ERROR [wms-oracle-cdc|task-0] Cannot read '{}' | a.b.C: d",
    "Error : 942, Position : 14, SQL = {}, Original SQL = {}, Error Msg = ORA-00942: no table",
]


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize("literal", LITERALS)
def test_no_literal_of_a_statement_comes_out(literal: str, statement: str) -> None:
    for around in AROUND:
        text = around.replace("{}", statement.replace("{}", literal))
        assert SECRET not in diagnose(text).cause
        assert SECRET not in without_values(text)


values = st.text(min_size=1, max_size=30).map(lambda value: "'" + value.replace("'", "''") + "'")


@given(st.sampled_from(STATEMENTS), st.sampled_from(AROUND), st.lists(values, min_size=2, max_size=2))
@example(STATEMENTS[0], AROUND[1], ["'it''s'", "'3'"])
def test_no_quoted_literal_of_any_value_comes_out(statement: str, around: str, literals: list[str]) -> None:
    text = around.replace("{}", statement.replace("{}", literals[0], 1).replace("{}", literals[1], 1))
    shown = (diagnose(text).cause, without_values(text))
    assert all(literal not in text for literal in literals for text in shown)


def test_the_numbers_of_values_do_not_come_out() -> None:
    text = 'DML statement couldn\'t be parsed: insert into "T"("A","B") values (48151,62342)'
    assert without_values(text).endswith('insert into "T"("A","B") ...')


def test_identifiers_and_the_servers_words_stay() -> None:
    text = 'Failed: update "WMS"."T" set "A" = \'x\' where "B" = 1\nORA-01031: no\n\tat a.B.c(B.java:1)'
    assert without_values(text) == (
        'Failed: update "WMS"."T" set "A" ...\nORA-01031: no\n\tat a.B.c(B.java:1)'
    )


@pytest.mark.parametrize(
    "text",
    [
        "PLS-00201: identifier 'SYS.DBMS_LOGMNR' must be declared",
        "Client SASL mechanism 'AWS_MSK_IAM' not enabled in the server",
        "Oracle LogMiner is unable to re-construct the SQL for 'UPDATE' event with SCN 12",
        "Use command: ALTER TABLE WMS.T ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS",
        "Topic 'wms' could not be created",
        "ORA-01045: user 'X' lacks CREATE SESSION privilege; logon denied (CONNECTION_ID=5)",
    ],
)
def test_what_is_no_statement_stays(text: str) -> None:
    assert without_values(text) == text


@pytest.mark.parametrize(
    "text",
    [
        f'java.lang.NumberFormatException: For input string: "{SECRET}"',
        f"java.time.format.DateTimeParseException: Text '{SECRET}' could not be parsed at index 0",
        f"Failed to properly convert data value for 'WMS.T.C' of type DATE for row [1, {SECRET}]: x",
        f"ORA-00001: unique constraint violated: row with column values (A:'{SECRET}') already exists",
        f"The HEXTORAW value '{SECRET}' cannot be converted.",
        f"Failed to convert HEX string into byte array: {SECRET}",
        f"Unexpected timestamp with time zone value: {SECRET}",
        f'Expected to find "x": {SECRET}',
        f"Value '{SECRET}' is outside the representable range for INT64",
        f"Unexpected value '{SECRET}', that's '{SECRET}' of type DATE",
    ],
)
def test_a_value_without_a_statement_around_it_does_not_come_out(text: str) -> None:
    assert SECRET not in without_values(text)
    assert SECRET not in diagnose(text).cause


def test_a_long_text_keeps_its_head_and_whole_lines_of_its_tail() -> None:
    middle = 'update "T" set "A" = \'' + SECRET * HEAD + "'"
    text = "a.b.C: head\n" + middle + "\nCaused by: d.e.F: tail"
    assert len(bounded(text)) <= HEAD + TAIL + 1
    assert bounded(text).endswith("\nCaused by: d.e.F: tail")
    assert SECRET not in diagnose(text).cause
    assert SECRET not in diagnose(middle).cause


def test_a_long_message_loses_the_objects_in_it() -> None:
    assert one_line(f"It starts at Offset [a=[b, {'c, ' * 200}]] and x={{{'y' * 300}}} ends") == (
        "It starts at Offset and ends"
    )
