"""Each line that tells of a skip names its table, for any name; no other line does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.health.skipped_lines import WORDS, Seen, Skip, is_start, skip_in
from tests.support import silent_lines as lines

TABLE = "WMS.PLAN_BASE_WVR_TBL"
#: Names as Oracle's documentation allows them without quotes ("Database Object Names and Qualifiers").
NAMES = st.from_regex(r"[A-Z][A-Z0-9_$#]{0,29}", fullmatch=True)
#: The database of Debezium's table id: a PDB, or a service name with a domain.
DATABASES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,9}(\.[a-z]{1,5}){0,2}", fullmatch=True)
SCNS = st.integers(1, 2**63 - 1)


@given(NAMES, NAMES, DATABASES, SCNS)
def test_for_any_name_a_line_names_its_table_and_position(schema: str, table: str, database: str, scn: int):
    name = f"{schema}.{table}"
    assert skip_in(lines.unsupported(name, scn, database)) == Seen(Skip.UNSUPPORTED, name, scn)
    assert skip_in(lines.truncated(name, scn, database)) == Seen(Skip.TRUNCATED, name, scn)
    assert skip_in(lines.renamed(name, database)) == Seen(Skip.DROPPED, name)
    assert skip_in(lines.gone(name, database)) == Seen(Skip.HIDDEN, name, checked=True)
    assert skip_in(lines.not_logged(name, database)) == Seen(Skip.UNLOGGED, name, checked=True)


@given(
    NAMES,
    NAMES,
    st.tuples(
        st.sampled_from(["{t}", '"{t}"', "{s}.{t}", '"{s}"."{t}"', '"{s}" . {t}']),
        st.booleans(),
        st.sampled_from([" ", "  ", "\t"]),
    ),
    st.sampled_from(
        [
            ("drop", "", Seen(Skip.DROPPED, "")),
            ("drop", ' AS "BIN$Ab+/cd==$0" ;', Seen(Skip.DROPPED, "")),
            ("drop", " CASCADE CONSTRAINTS PURGE", Seen(Skip.DROPPED, "")),
            ("alter", " truncate partition P1", Seen(Skip.TRUNCATED, "")),
            ("alter", " drop partition P1 update global indexes", Seen(Skip.TRUNCATED, "")),
            ("alter", " drop subpartition P1", Seen(Skip.TRUNCATED, "")),
            ("alter", " exchange partition P1 with table X", Seen(Skip.TRUNCATED, "")),
            ("alter", " drop supplemental log data (all) columns", Seen(Skip.UNLOGGED, "")),
            ("alter", " add supplemental log data (ALL) COLUMNS", Seen(Skip.UNLOGGED, "", ended=True)),
            ("alter", " add (NEW_COL number(3))", None),
            ("alter", " drop column STATE_CD", None),
            ("alter", " add partition P2 values less than (7)", None),
            ("alter", " add supplemental log data (primary key) columns", None),
        ]
    ),
)
def test_for_any_name_and_spelling_a_statement_names_its_table(
    schema: str, table: str, spelling: tuple[str, bool, str], case: tuple[str, str, Seen | None]
):
    """The schema is the redo's; what is not quoted is stored in capitals."""
    form, upper, gap = spelling
    verb, rest, expected = case
    name = form.format(s=schema, t=table)
    statement = f"{verb}{gap}table {name}"
    statement = statement.upper() if upper else statement
    found = skip_in(lines.schema_change(schema, f"{gap}{statement}{rest}"))
    assert found == (
        None if expected is None else Seen(expected.kind, f"{schema}.{table}", ended=expected.ended)
    )


def test_an_unquoted_name_in_small_letters_is_the_stored_one():
    assert skip_in(lines.schema_change("WMS", "drop table plan_base_wvr_tbl purge")) == Seen(
        Skip.DROPPED, "WMS.PLAN_BASE_WVR_TBL"
    )


def test_a_line_that_a_log_driver_has_cut_still_names_its_table():
    cut = lines.dropped(TABLE).partition(", tables=[")[0]
    assert skip_in(cut) == Seen(Skip.DROPPED, TABLE)


#: The text of a row, as Debezium prints a statement that it cannot parse.
_ROW = (
    "2026-01-02T03:04:05.678Z ERROR [wms-oracle-cdc|task-0] DML statement couldn't be parsed. Please open a "
    "Jira issue with the statement 'update T set X = '2026-01-02T03:04:05Z WARN An unsupported operation "
    "detected for table 'A.B.C' in transaction 1 with SCN 1 on redo thread 1.''"
)


@pytest.mark.parametrize(
    "line",
    [
        lines.started(),
        "2026-01-02T03:04:05.678Z INFO  [wms-oracle-cdc|task-0] 3 records sent during previous 00:00:10.0",
        _ROW,
        "An unsupported operation detected for table 'A.B.C' in transaction 1 with SCN 1",
    ],
)
def test_no_other_line_tells_of_a_skip_whatever_a_row_holds(line: str):
    assert skip_in(line) is None


def test_only_the_start_of_streaming_is_one():
    assert is_start(lines.started())
    assert not is_start(lines.not_logged(TABLE))


@pytest.mark.parametrize(
    "line",
    [
        lines.unsupported(TABLE),
        lines.truncated(TABLE),
        lines.dropped(TABLE),
        lines.renamed(TABLE),
        lines.gone(TABLE),
        lines.not_logged(TABLE),
        lines.started(),
    ],
)
def test_every_line_is_among_those_that_are_asked_for(line: str):
    assert any(text in line for text in WORDS)


def test_no_text_breaks_the_pattern_that_asks_for_it():
    assert not any('"' in text for text in WORDS)
    # CloudWatch Logs takes 1024 characters.
    assert len(" ".join(f'?"{text}"' for text in WORDS)) <= 1024
