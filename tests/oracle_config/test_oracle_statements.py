"""The list of the connector's statements: what a new version changes shows, and the DBA's script fits it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.domain.capture.oracle_script import PACKAGES, VIEWS
from connector.local.database import LocalDatabase
from connector.local.oracle.answers import connector
from connector.local.oracle.process import SERVICE
from tests.conftest import Golden
from tests.oracle_config import dba_page
from tests.oracle_config.dba_page import PAGE, VARIABLES
from tests.oracle_config.kept_statements import KEPT, KeptStatement, bound, difference, lines
from tests.support.oracle_stand_in import served
from tests.support.sqlplus import Answered, SqlPlus, SqlPlusError

#: What every user may use: granted to PUBLIC in Oracle.
_PUBLIC = re.compile(r"ALL_\w+|USER_\w+|NLS_DATABASE_PARAMETERS|DBMS_METADATA")
_MINING = "SELECT SCN, SQL_REDO, OPERATION_CODE"


def _kept() -> list[str]:
    return lines(KEPT.read_text(encoding="utf-8"))


def _parsed() -> list[KeptStatement]:
    return [KeptStatement.parse(line) for line in _kept()]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[LocalDatabase]:
    with served(tmp_path) as made:
        yield made


# -- the list ----------------------------------------------------------------------------------------------


def test_every_statement_that_is_kept_has_an_answer_and_is_kept_as_it_is_sent() -> None:
    for one in _parsed():
        sent = one.form.kept(one.match, ["9999999" if bind == "<scn>" else bind for bind in one.binds])
        assert sent == one.line
    assert len({one.form.text for one in _parsed()}) > 40


def test_every_object_that_is_used_is_granted_and_no_other() -> None:
    used = {name for one in _parsed() for name in one.objects if not _PUBLIC.fullmatch(name)}
    assert used == {*VIEWS, *PACKAGES}


def test_the_same_statements_are_no_difference() -> None:
    assert difference(KEPT.read_text(encoding="utf-8"), _kept(), []) == []


@pytest.mark.parametrize("place", [0, 20, -1])
def test_a_statement_that_a_version_changes_shows_as_gone_and_as_new(place: int) -> None:
    """No newer patch release is there to be tried, so the list is altered instead."""
    sent = _kept()
    gone = sent[place]
    sent[place] = f"{gone} FETCH FIRST 10 ROWS ONLY"
    assert difference(KEPT.read_text(encoding="utf-8"), sent, []) == [f"-{gone}", f"+{sent[place]}"]


@pytest.mark.parametrize(
    ("begins", "before", "after"),
    [
        (_MINING, "IN (1,2,3,6,7,27,34,36,255)", "IN (1,2,3)"),
        (_MINING, "'SYS','SYSTEM'", "'SYS','SYSTEM','MMDL','WMS'"),
        (_MINING, "'WMSPDB1'", "'CDB$ROOT'"),
        ("SELECT MIN(FIRST_CHANGE#)", "= 'LOG_ARCHIVE_DEST_1'", "IN ('LOG_ARCHIVE_DEST_2')"),
        ("ALTER SESSION SET NLS_DATE", "HH24:MI:SS.FF9'", "HH24:MI:SS'"),
        ('SELECT "PLAN_BASE_WVR_ID"', ', "STATE_CD"', ""),
        ("SELECT TIMESTAMP_TO_SCN", " OR (owner=? and object_name=?)", ""),
    ],
)
def test_a_list_or_a_name_that_a_version_changes_shows_as_gone_and_as_new(
    begins: str, before: str, after: str
) -> None:
    """The form stays the same, and the stand-in finds it: the list must tell the two apart."""
    gone = next(one for one in _parsed() if one.line.startswith(begins))
    changed = re.sub(re.escape(before), lambda _: after, gone.match.string, count=1)
    assert changed != gone.match.string
    found = connector.find(changed)
    assert found is not None
    assert found[0] is gone.form
    new = found[0].kept(found[1], gone.binds)
    sent = [new if line == gone.line else line for line in _kept()]
    shown = difference(KEPT.read_text(encoding="utf-8"), sent, [])
    assert sorted(shown) == sorted([f"-{gone.line}", f"+{new}"])
    assert after in new


def test_another_bind_shows_and_another_scn_does_not() -> None:
    parameter = next(one for one in _parsed() if one.line.startswith("SELECT VALUE FROM V$PARAMETER"))
    assert parameter.form.kept(parameter.match, ["OPEN_CURSORS"]).endswith("-- binds: 'OPEN_CURSORS'")
    mining = next(one for one in _parsed() if one.line.startswith(_MINING))
    assert mining.form.kept(mining.match, ["2000047", "2000058"]) == mining.line


def test_a_statement_without_an_answer_shows() -> None:
    refused = ["SELECT NAME FROM V$CONTAINERS"]
    assert difference(KEPT.read_text(encoding="utf-8"), _kept(), refused) == [f"!{refused[0]}"]


# -- the DBA's page ----------------------------------------------------------------------------------------


def _blocks() -> list[str]:
    return [*dba_page.blocks(PAGE.read_text(encoding="utf-8"))]


def test_the_page_is_that_of_the_list_with_the_stand_ins_answers(golden: Golden) -> None:
    golden(PAGE, dba_page.written(KEPT.read_text(encoding="utf-8")))


def test_each_statement_has_a_place_on_the_page() -> None:
    shown = dba_page.steps(_parsed())
    assert {step.section.title for step in shown} == {section.title for section in dba_page.SECTIONS}
    moves = sum(one.form.text.startswith("alter session set container") for one in _parsed())
    assert moves == 2
    assert len(shown) == len({one.form.text for one in _parsed()}) - 1


def test_a_dba_who_runs_the_page_in_order_gets_an_answer_to_each_statement(database: LocalDatabase) -> None:
    """As the connector's user, where the connector has run, with other names than those of the page."""
    answered: list[Answered] = []
    with dba_page.session(database) as client, database.sys(SERVICE) as dba:
        client.execute('CREATE TABLE "LOG_MINING_FLUSH" (LAST_SCN NUMBER(19,0))')
        sqlplus = SqlPlus(client, bound)
        for number, block in enumerate(_blocks()):
            answered += sqlplus.run(block)
            if number == 0:
                sqlplus.defined |= {"wms_owner": "WMS", "flush_table": "MY_OWN"}
            assert dba.admin("transactions") == [], f"left open by:\n{block}"
        assert client.value("SELECT COUNT(1) FROM USER_TABLES WHERE TABLE_NAME=?", ["MY_OWN"]) == "0"
    assert len(answered) > len(_blocks())
    (mined,) = [one for one in answered if one.sql.startswith(_MINING)]
    assert mined.columns is not None
    changes = [dict(zip(mined.columns, row, strict=True)) for row in mined.rows]
    assert ("UPDATE", "MY_OWN") in {(row["OPERATION"], row["TABLE_NAME"]) for row in changes}


def test_only_the_first_block_has_names_of_the_local_world() -> None:
    first, *others = _blocks()
    assert all(f"DEFINE {name} = '{value}'" in first for name, value in VARIABLES.items())
    for block in others:
        assert not re.search(r"WMSPDB1|/u01|\d{7}|CDB1", block), block


def test_no_block_of_the_page_changes_the_connectors_own_table() -> None:
    assert not [block for block in _blocks() if re.search(r"LOG_MINING_FLUSH\b", block)]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("SELECT &nothing FROM DUAL;", "no value for &nothing"),
        ("BEGIN SYS.DBMS_LOGMNR.END_LOGMNR(); END;", "not ended"),
        ("SELECT SYSTIMESTAMP FROM DUAL", "not ended"),
        ("BEGIN SYS.DBMS_LOGMNR.END_LOGMNR(); END;\n/", "ORA-01307"),
    ],
)
def test_what_sqlplus_would_refuse_is_refused_here(database: LocalDatabase, script: str, said: str) -> None:
    with dba_page.session(database) as client, pytest.raises(SqlPlusError, match=said):
        list(SqlPlus(client, bound).run(script))
