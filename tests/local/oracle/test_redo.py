import pytest

from connector.local.oracle.engine import OracleEngine
from connector.local.oracle.errors import OracleError
from connector.local.oracle.redo import RedoRow
from connector.local.oracle.session import OracleSession
from tests.local.oracle.conftest import ask, redo_texts

CREATE = "CREATE TABLE T (ID NUMBER(9) PRIMARY KEY, A VARCHAR2(4000), B VARCHAR2(4000)"
ALL = ", SUPPLEMENTAL LOG DATA (ALL) COLUMNS)"


def test_a_transaction_is_in_redo_before_its_commit(engine: OracleEngine, session: OracleSession):
    session.execute(CREATE + ALL)
    mark = engine.current_scn()
    session.execute("INSERT INTO T VALUES (1, 'it''s', NULL)")
    session.execute("UPDATE T SET B = 'ä' WHERE ID = 1")
    session.execute("DELETE FROM T")
    assert redo_texts(engine, mark) == [
        (6, 0, "set transaction read write;"),
        (1, 0, """insert into "WMS"."T"("ID","A","B") values ('1','it''s',NULL);"""),
        (3, 0, """update "WMS"."T" set "B" = 'ä' where "ID" = '1' and "A" = 'it''s' and "B" IS NULL;"""),
        (2, 0, """delete from "WMS"."T" where "ID" = '1' and "A" = 'it''s' and "B" = 'ä';"""),
    ]
    assert [found.changes for found in engine.open_transactions()] == [3]
    scn = session.commit()
    last = list(engine.redo(mark, engine.current_scn()))[-1]
    assert (last.operation_code, last.scn, last.commit_scn) == (7, scn, scn)
    assert len({row.xid for row in engine.redo(mark, engine.current_scn())}) == 1
    assert engine.open_transactions() == []


def test_a_rollback_undoes_in_redo_too(engine: OracleEngine, session: OracleSession):
    session.execute(CREATE + ALL)
    session.execute("INSERT INTO T VALUES (1, 'a', NULL)")
    session.commit()
    mark = engine.current_scn()
    session.execute("UPDATE T SET A = 'b'")
    session.execute("SAVEPOINT S")
    session.execute("DELETE FROM T")
    session.execute("INSERT INTO T VALUES (2, 'c', NULL)")
    session.execute("ROLLBACK TO S")
    assert ask(session, "SELECT * FROM T") == [("1", "b", None)]
    assert [(op, undo) for op, undo, _ in redo_texts(engine, mark)] == [
        *((6, 0), (3, 0), (2, 0), (1, 0), (2, 1), (1, 1)),
    ]
    session.rollback()
    assert [(op, undo) for op, undo, _ in redo_texts(engine, mark)][-2:] == [(3, 1), (36, 0)]
    assert ask(session, "SELECT * FROM T") == [("1", "a", None)]
    rows = list(engine.redo(mark, engine.current_scn()))
    assert rows[1].row_id == rows[-2].row_id


def test_a_refused_key_is_made_and_undone(engine: OracleEngine, session: OracleSession):
    session.execute(CREATE + ALL)
    session.execute("INSERT INTO T(ID) VALUES (1)")
    mark = engine.current_scn()
    with pytest.raises(OracleError, match="ORA-00001: unique constraint"):
        session.execute("INSERT INTO T(ID) VALUES (1)")
    assert [(op, undo) for op, undo, _ in redo_texts(engine, mark)] == [(1, 0), (2, 1)]
    assert ask(session, "SELECT COUNT(*) FROM T") == [("1",)]


@pytest.mark.parametrize(
    ("logging", "where"),
    [
        (ALL, """ where "ID" = '1' and "A" = 'a' and "B" IS NULL"""),
        (", SUPPLEMENTAL LOG DATA (PRIMARY KEY) COLUMNS)", """ where "ID" = '1' and "A" = 'a'"""),
        (")", """ where "A" = 'a'"""),
    ],
)
def test_supplemental_logging_decides_what_an_update_carries(
    engine: OracleEngine, session: OracleSession, logging: str, where: str
):
    session.execute(CREATE + logging)
    session.execute("INSERT INTO T VALUES (1, 'a', NULL)")
    mark = engine.current_scn()
    session.execute("UPDATE T SET A = 'x'")
    assert redo_texts(engine, mark)[0][2] == f"""update "WMS"."T" set "A" = 'x'{where};"""


def test_without_minimal_logging_every_row_says_so(engine: OracleEngine, session: OracleSession):
    session.execute(CREATE + ALL)
    session.execute("ALTER DATABASE DROP SUPPLEMENTAL LOG DATA")
    mark = engine.current_scn()
    session.execute("INSERT INTO T(ID) VALUES (1)")
    row = list(engine.redo(mark, engine.current_scn()))[-1]
    assert (row.status, row.info) == (3, "no supplemental log data found")


def test_a_long_row_continues(engine: OracleEngine, session: OracleSession):
    session.execute(CREATE + ALL)
    mark = engine.current_scn()
    session.execute("INSERT INTO T VALUES (1, :1, :2)", ("😀" * 1000, "ü" * 2000))
    found = [row for row in engine.redo(mark, engine.current_scn()) if row.operation_code == 1]
    assert [row.csf for row in found] == [1, 1, 0]
    assert len({row.scn for row in found}) == 1
    assert "".join(row.sql_redo or "" for row in found).endswith(f"'{'ü' * 2000}');")


def test_definitions(engine: OracleEngine, session: OracleSession):
    session.execute("CREATE TABLE T (ID NUMBER)")
    other = engine.session("WMS")
    other.execute("INSERT INTO T VALUES (1)")
    with pytest.raises(OracleError, match="ORA-00054"):
        session.execute("TRUNCATE TABLE T")
    mark = engine.current_scn()
    other.execute("alter table WMS.T add (B date)")
    other.execute("truncate table T")
    other.execute("drop table T purge")
    texts = redo_texts(engine, mark)
    assert [text for op, _, text in texts if op == 5] == [
        "alter table WMS.T add (B date);",
        "truncate table T;",
        "drop table T purge;",
    ]
    # The open insert was committed by the first definition.
    assert texts[0][0] == 7
    infos = [row.info for row in engine.redo(mark, engine.current_scn()) if row.operation_code == 5]
    assert infos == ["USER DDL (PlSql=0 RecDep=0)"] * 3
    with pytest.raises(OracleError, match="ORA-00942"):
        ask(session, "SELECT * FROM T")


def test_a_table_without_a_key_carries_all_columns(engine: OracleEngine, session: OracleSession):
    session.execute("CREATE TABLE T (A NUMBER, B VARCHAR2(9), SUPPLEMENTAL LOG DATA (PRIMARY KEY) COLUMNS)")
    session.execute("INSERT INTO T VALUES (1, 'x')")
    session.execute("INSERT INTO T VALUES (1, 'x')")
    mark = engine.current_scn()
    assert session.execute("UPDATE T SET B = 'y'") == 2
    assert {text for _, _, text in redo_texts(engine, mark)} == {
        """update "WMS"."T" set "B" = 'y' where "A" = '1' and "B" = 'x';"""
    }


def test_a_clob_is_empty_in_the_insert_and_follows(engine: OracleEngine, session: OracleSession):
    session.execute("CREATE TABLE T (ID NUMBER PRIMARY KEY, C CLOB)")
    mark = engine.current_scn()
    session.execute("INSERT INTO T VALUES (1, 'short')")
    session.execute("INSERT INTO T VALUES (2, :1)", ("x" * 5000,))
    assert [(op, text) for op, _, text in redo_texts(engine, mark)][1:] == [
        (1, """insert into "WMS"."T"("ID","C") values ('1',EMPTY_CLOB());"""),
        (3, """update "WMS"."T" set "C" = 'short' where "ID" = '1';"""),
        (1, """insert into "WMS"."T"("ID","C") values ('2',EMPTY_CLOB());"""),
        (9, None),
        (10, None),
    ]


def test_a_row_can_be_put_into_redo(engine: OracleEngine):
    mark = engine.current_scn()
    engine.inject_redo(
        RedoRow(0, None, 255, "UNSUPPORTED", 0.0, b"", table_name="T", seg_owner="WMS", status=2, info="bad")
    )
    found = list(engine.redo(mark, engine.current_scn()))
    assert [row.operation_code for row in found] == [6, 255, 7]
    assert (found[1].table_name, found[1].seg_owner, found[1].status, found[1].info) == ("T", "WMS", 2, "bad")
