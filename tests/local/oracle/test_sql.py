import re

import pytest

from connector.local.oracle.engine import OracleEngine
from connector.local.oracle.errors import OracleError
from connector.local.oracle.session import OracleSession, QueryResult
from tests.local.oracle.conftest import ask


@pytest.fixture
def filled(session: OracleSession) -> OracleSession:
    session.execute(
        """CREATE TABLE "WMS"."T" (ID NUMBER(12) PRIMARY KEY, N NUMBER, V VARCHAR2(20) DEFAULT 'new' NOT NULL,
        D DATE, TS TIMESTAMP(6) DEFAULT SYSTIMESTAMP, Z TIMESTAMP WITH TIME ZONE, C CHAR(3), R RAW(4))"""
    )
    for row in (
        (1, "10", "a", "2020-01-02", "2020-01-02 03:04:05.5", "2020-01-01 12:00:00 +02:00", "x", "0a"),
        (2, "9.5", "B", None, None, "2020-01-01 11:00:00 +00:00", None, None),
        (10, "-3", "a_b", "2021-01-01", "2021-01-01", None, "xyz", "ff"),
    ):
        session.execute("INSERT INTO T VALUES (?,?,?,?,?,?,?,?)", row)
    session.commit()
    return session


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("ID = 1", [1]),
        ("ID > 1", [2, 10]),
        ("ID <> 2 AND N < 10", [10]),
        ("N >= 9.5 OR ID = 10", [1, 2, 10]),
        ("N BETWEEN -3 AND 9.50", [2, 10]),
        ("5 < N", [1, 2]),
        ("N = 'abc'", OracleError),
        ("V LIKE 'a%'", [1, 10]),
        (r"V LIKE 'a\_%' ESCAPE '\'", [10]),
        ("V LIKE 'b'", []),
        ("V NOT IN ('a', 'B')", [10]),
        ("D IS NULL", [2]),
        ("D IS NOT NULL AND NOT (ID = 1)", [10]),
        ("D = TO_DATE('02.01.2020', 'DD.MM.YYYY')", [1]),
        ("D < DATE '2020-06-01'", [1]),
        ("TS = TO_TIMESTAMP('2020-01-02 03:04:05.500000', 'YYYY-MM-DD HH24:MI:SS.FF')", [1]),
        ("TS > TIMESTAMP '2020-01-02 03:04:05.4999999'", [1, 10]),
        ("TS < SYSTIMESTAMP", [1, 10]),
        ("Z = TO_TIMESTAMP_TZ('2020-01-01 10:00:00 +00:00', 'YYYY-MM-DD HH24:MI:SS TZH:TZM')", [1]),
        ("Z > '2020-01-01 10:30:00 +00:00'", [2]),
        ("C = 'x'", [1]),
        ("C = 'x   '", [1]),
        ("C > 'x'", [10]),
        ("R = HEXTORAW('0A')", [1]),
        ("V = ''", []),
        ("V <> NULL", []),
        ("1 = 0", []),
        ("NOT EXISTS (SELECT 1 FROM T WHERE 1 = 0)", [1, 2, 10]),
        ("EXISTS (SELECT 1 FROM T WHERE ID = 3)", []),
    ],
)
def test_conditions(filled: OracleSession, where: str, found: list[int] | type[OracleError]):
    sql = f"SELECT ID FROM T WHERE {where} ORDER BY ID"
    if not isinstance(found, list):
        with pytest.raises(found, match="ORA-01722"):
            filled.execute(sql)
        return
    assert ask(filled, sql) == [(str(number),) for number in found]
    snapshot = filled.snapshot("WMS", "T", ["ID"], filled.engine.current_scn(), where)
    assert sorted(int(row[0] or 0) for row in snapshot) == found


@pytest.mark.parametrize(
    ("select", "columns", "rows"),
    [
        ("SELECT COUNT(*), MAX(N), MIN(ID) m FROM T", ["COUNT(*)", "MAX(N)", "M"], [("3", "10", "1")]),
        ("SELECT COUNT(D) FROM WMS.T", ["COUNT(D)"], [("2",)]),
        ("SELECT V, ID FROM T ORDER BY N DESC", ["V", "ID"], [("a", "1"), ("B", "2"), ("a_b", "10")]),
        ("SELECT ID FROM T ORDER BY D DESC FETCH FIRST 1 ROWS ONLY", ["ID"], [("2",)]),
        ("SELECT ID + 1 AS NEXT, UPPER(V) FROM T WHERE ID = 1", ["NEXT", "UPPER(V)"], [("2", "A")]),
        ("SELECT N / 4, V || '!' FROM T x WHERE x.ID = 10", ["N/4", "V||'!'"], [("-0.75", "a_b!")]),
        ("SELECT 1 FROM DUAL", ["1"], [("1",)]),
        ("SELECT USER FROM DUAL WHERE 1 = 0", ["USER"], []),
        ("SELECT * FROM DUAL", ["DUMMY"], [("X",)]),
    ],
)
def test_queries(filled: OracleSession, select: str, columns: list[str], rows: list[tuple[str | None, ...]]):
    result = filled.execute(select)
    assert isinstance(result, QueryResult)
    assert [name for name, _ in result.columns] == columns
    assert [tuple(row) for row in result.rows] == rows


def test_defaults_and_lengths(filled: OracleSession, engine: OracleEngine):
    filled.execute("INSERT INTO T (ID) VALUES (:id)", {"id": 3})
    assert ask(filled, "SELECT V, TS FROM T WHERE ID = 3") == [("new", "2023-11-14 22:13:20.000000")]
    filled.execute("INSERT INTO T (ID, V) SELECT ID + 100, V FROM T WHERE ID < 3")
    assert ask(filled, "SELECT V FROM T WHERE ID > 100 ORDER BY ID") == [("a",), ("B",)]
    filled.execute("UPDATE T SET V = DEFAULT, N = NULL WHERE ID = 1")
    assert ask(filled, "SELECT V, N FROM T WHERE ID = 1") == [("new", None)]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT * FROM NOWHERE", 942),
        ("SELECT X FROM T", 904),
        ("INSERT INTO T (ID, V) VALUES (1)", 947),
        ("INSERT INTO T (ID) VALUES (1, 2)", 913),
        ("INSERT INTO T (ID, V) VALUES (7, NULL)", 1400),
        ("INSERT INTO T (ID) VALUES (1)", 1),
        ("UPDATE T SET V = ''", 1407),
        ("UPDATE T SET V = 'a text that is far too long'", 12899),
        ("UPDATE T SET ID = 1000000000000", 1438),
        ("INSERT INTO T (ID) VALUES (:1)", 1008),
        ("SELECT 'a FROM T", 1756),
        ("CREATE TABLE T (A NUMBER)", 955),
        ("CREATE TABLE X (A BLOB)", 902),
        ("CREATE TABLE X (A NUMBER, A DATE)", 957),
        ("ALTER TABLE T ADD (N DATE)", 1430),
        ("ALTER TABLE T MODIFY (V NUMBER)", 1439),
        ("ALTER TABLE T MODIFY (V VARCHAR2(2))", 1441),
        ("ALTER TABLE T ADD (Q NUMBER NOT NULL)", 1758),
        ("ALTER TABLE T ADD CONSTRAINT K PRIMARY KEY (N)", 2260),
        ("ALTER TABLE T DROP SUPPLEMENTAL LOG DATA (ALL) COLUMNS", 32587),
        ("SELECT * FROM T GROUP BY ID", 900),
        ("SELECT SOUNDEX(V) FROM T", 900),
        ("MERGE INTO T USING X ON (1 = 1)", 900),
        ("SELECT * FROM T WHERE N + 1 > 2", 900),
        ("GRANT SELECT ON T TO X", 900),
    ],
)
def test_what_is_refused(filled: OracleSession, sql: str, code: int):
    with pytest.raises(OracleError, match=f"ORA-{code:05d}: ") as refused:
        filled.execute(sql)
    assert refused.value.code == code
    assert ask(filled, "SELECT COUNT(*) FROM T") == [("3",)]


def test_an_unknown_statement_is_named(session: OracleSession):
    with pytest.raises(OracleError, match=re.escape("`GRANT SELECT ON T TO X`")):
        session.execute("GRANT SELECT ON T TO X")


def test_columns_come_change_and_go(filled: OracleSession, engine: OracleEngine):
    filled.execute("ALTER TABLE T ADD (NEW_COL VARCHAR2(9) DEFAULT 'd', M NUMBER)")
    filled.execute("ALTER TABLE T MODIFY V VARCHAR2(40)")
    filled.execute("ALTER TABLE T RENAME COLUMN N TO NUM")
    filled.execute("ALTER TABLE T DROP COLUMN R")
    filled.execute("ALTER TABLE T ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS")
    table = engine.dictionary.table("WMS", "T")
    assert [column.name for column in table.columns] == [
        "ID",
        "NUM",
        "V",
        "D",
        "TS",
        "Z",
        "C",
        "NEW_COL",
        "M",
    ]
    assert [column.position for column in table.columns] == list(range(1, 10))
    assert (table.version, table.supplemental_all) == (6, True)
    assert ask(filled, "SELECT NUM, NEW_COL, M FROM T WHERE ID = 1") == [("10", "d", None)]
    assert engine.dictionary.ddl(table) == (
        '\n  CREATE TABLE "WMS"."T" \n   (\t"ID" NUMBER(12,0) NOT NULL ENABLE, \n\t"NUM" NUMBER, \n'
        '\t"V" VARCHAR2(40) DEFAULT \'new\' NOT NULL ENABLE, \n\t"D" DATE, \n'
        '\t"TS" TIMESTAMP (6) DEFAULT SYSTIMESTAMP, \n\t"Z" TIMESTAMP (6) WITH TIME ZONE, \n\t"C" CHAR(3), \n'
        '\t"NEW_COL" VARCHAR2(9) DEFAULT \'d\', \n\t"M" NUMBER, \n\t PRIMARY KEY ("ID")\n'
        "  USING INDEX  ENABLE, \n"
        "\t SUPPLEMENTAL LOG DATA (ALL) COLUMNS\n   ) ;\n"
    )
    before = table.data_object_id
    filled.execute("TRUNCATE TABLE T")
    assert ask(filled, "SELECT * FROM T") == []
    table = engine.dictionary.table("WMS", "T")
    assert table.data_object_id > before > 0
    assert table.object_id == before


def test_composite_keys(session: OracleSession):
    session.execute("CREATE TABLE K (A NUMBER, B VARCHAR2(3), C DATE, CONSTRAINT KEY_K PRIMARY KEY (A, B))")
    session.execute("INSERT INTO K VALUES (1, 'a', NULL)")
    session.execute("INSERT INTO K VALUES (1, 'b', NULL)")
    with pytest.raises(OracleError, match="ORA-00001"):
        session.execute("UPDATE K SET B = 'a' WHERE B = 'b'")
    with pytest.raises(OracleError, match="ORA-01400"):
        session.execute("INSERT INTO K (A) VALUES (1)")
