"""The connector's statements: each is found by its text, and nothing else is."""

from collections.abc import Callable

import pytest

from connector.local.oracle.statements import StatementList, normal

Known = StatementList[Callable[[], str]]


def _answer() -> str:
    return "answered"


@pytest.fixture
def catalogue() -> Known:
    """Two statements, one with parts that vary."""
    made: Known = StatementList()
    made.add("SELECT CURRENT_SCN FROM V$DATABASE")(_answer)
    made.add(
        "SELECT A.NAME FROM V$ARCHIVED_LOG A, ALL_TABLES T WHERE A.FIRST_CHANGE# <= <scn> "
        "AND A.NEXT_CHANGE# > <scn> AND DS.DEST_NAME <dests>",
        rights=("LOGMINING",),
    )(_answer)
    return made


@pytest.mark.parametrize(
    "sql",
    ["SELECT CURRENT_SCN FROM V$DATABASE", "select  current_scn\n from v$database;"],
)
def test_case_and_white_space_do_not_matter(catalogue: Known, sql: str) -> None:
    found = catalogue.find(sql)
    assert found is not None
    assert found[0].answer() == "answered"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT CURRENT_SCN FROM V$DATABASE WHERE 1 = 1",
        "SELECT CURRENT_SCN, NAME FROM V$DATABASE",
        "SELECT CURRENT_SCN FROM V$DATABASES",
        "",
    ],
)
def test_a_statement_that_only_looks_like_one_is_not_found(catalogue: Known, sql: str) -> None:
    assert catalogue.find(sql) is None


def test_what_varies_is_handed_on_and_must_be_the_same_where_it_comes_again(catalogue: Known) -> None:
    text = (
        "SELECT A.NAME FROM V$ARCHIVED_LOG A, ALL_TABLES T WHERE A.FIRST_CHANGE# <= {} "
        "AND A.NEXT_CHANGE# > {} AND DS.DEST_NAME = 'LOG_ARCHIVE_DEST_1'"
    )
    found = catalogue.find(text.format(12, 12))
    assert found is not None
    assert found[1]["scn"] == "12"
    assert catalogue.find(text.format(12, 13)) is None
    assert catalogue.find(text.format("1 OR 1", "1 OR 1")) is None


def test_the_objects_of_a_statement_are_named_as_grants_name_them(catalogue: Known) -> None:
    assert catalogue.statements[1].objects == {"V_$ARCHIVED_LOG", "ALL_TABLES"}
    assert catalogue.statements[1].rights == ("LOGMINING",)


def test_a_statement_in_several_lines_is_one_line() -> None:
    assert normal("SELECT\n\t1  FROM DUAL ") == "SELECT 1 FROM DUAL"
