"""The stand-in's JDBC driver, used by a Java program, with a scripted database at the wire's other end."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.local import toolchain
from connector.local.addresses import free_port
from connector.local.oracle import plugin
from tests.conftest import Golden
from tests.local.oracle.scripted import CONNECTED, Answer, Late, Request, ScriptedDatabase

pytestmark = pytest.mark.e2e

_SCENARIOS = Path(__file__).with_name("Scenarios.java")
#: How a scenario tells what is not implemented.
LACKS = "! java.sql.SQLFeatureNotSupportedException 0 null the stand-in's JDBC driver does not support"
ORA = "! java.sql.SQLException"
TIMEOUT = "! java.sql.SQLTimeoutException"
RECOVERABLE = "java.sql.SQLRecoverableException"
#: The line that ojdbc adds.
HELP = "\\nhttps://docs.oracle.com/error-help/db/ora-{:05d}/"


class Java:
    """The program; it runs one scenario after the other."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, scenario: str, url: str, *arguments: str) -> list[str]:
        """What the scenario printed."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\t".join((scenario, url, *arguments)) + "\n")
        self._process.stdin.flush()
        lines: list[str] = []
        for line in self._process.stdout:
            if line == ".\n":
                return lines
            lines.append(line.removesuffix("\n"))
        raise AssertionError(f"the program ended: {lines}")


def _start(main: Path, home: Path) -> "subprocess.Popen[str]":
    tools = toolchain.find()
    jars = sorted((home / plugin.PLUGIN).glob("*.jar"))
    return subprocess.Popen(
        # A zone with summer time: a timestamp that is read in the wrong one differs.
        [
            *(str(tools.java), "-Xmx512m", "-Duser.timezone=Europe/Berlin", "-Duser.language=en"),
            *("-cp", ":".join(map(str, jars)), str(main)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=tools.environment(),
    )


@pytest.fixture(scope="module")
def home() -> Path:
    return plugin.worker_home(toolchain.find(), lambda _: None)


@pytest.fixture(scope="module")
def java(home: Path) -> Iterator[Java]:
    with _start(_SCENARIOS, home) as process:
        yield Java(process)
        assert process.stdin
        process.stdin.close()


def _answers(statement: Answer) -> Callable[[Request], Answer]:
    """Lets everybody in and answers every statement alike."""
    return lambda request: CONNECTED if request["op"] == "connect" else statement


def _failure(line: str) -> tuple[str, int, str, str]:
    name, code, state, text = line.split(" ", 3)
    return name, int(code), state, text


# Values.

_COLUMNS: list[list[str | None]] = [
    ["N", "NUMBER", "12.50"],
    ["NEGATIVE", "NUMBER", "-9223372036854775808"],
    ["LARGE", "NUMBER", "99999999999999999999999999999999999999"],
    ["V", "VARCHAR2", 'Übergröße "€" \U0001f69a \\ \t\n\x01/'],
    ["DIGITS", "VARCHAR2", " 42"],
    ["C", "CHAR", "AB   "],
    ["D", "DATE", "2020-07-02 01:02:03"],
    ["T", "TIMESTAMP", "2024-05-06 07:08:09.123456"],
    ["NANOS", "TIMESTAMP", "2024-01-06 07:08:09.000000001"],
    ["WHOLE", "TIMESTAMP", "0001-01-01 00:00:00"],
    ["Z", "TIMESTAMP WITH TIME ZONE", "2024-05-06 07:08:09.123456 +00:00"],
    ["ZONED", "TIMESTAMP WITH TIME ZONE", "2024-05-06 07:08:09 -05:30"],
    ["R", "RAW", "0a1bff"],
    ["L", "CLOB", "Zeile 1\nZeile 2 \U0001f69a"],
    *([f"NO_{name}", kind, None] for name, kind in (("N", "NUMBER"), ("V", "VARCHAR2"), ("D", "DATE"))),
    *([f"NO_{name}", kind, None] for name, kind in (("T", "TIMESTAMP"), ("R", "RAW"), ("L", "CLOB"))),
    ["NO_Z", "TIMESTAMP WITH TIME ZONE", None],
]


def test_each_type_gives_the_java_type_and_the_conversions_of_ojdbc(java: Java, golden: Golden):
    row = {"columns": [column[:2] for column in _COLUMNS], "rows": [[column[2] for column in _COLUMNS]]}
    with closing(ScriptedDatabase(_answers({**row, "cursor": None}))) as database:
        golden("driver-types.txt", "\n".join(java.run("types", database.url())) + "\n")


def _echo(request: Request) -> Answer:
    if request["op"] == "connect":
        return CONNECTED
    columns = [[f"C{i}", "VARCHAR2"] for i in range(len(request["binds"]))]
    return {"columns": columns, "rows": [request["binds"]], "cursor": None}


@pytest.fixture(scope="module")
def echo() -> Iterator[ScriptedDatabase]:
    with closing(ScriptedDatabase(_echo)) as database:
        yield database


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.none() | _TEXTS, min_size=1, max_size=5), escapes=st.booleans())
def test_any_text_comes_back_as_it_was_bound(
    java: Java, echo: ScriptedDatabase, values: list[str | None], *, escapes: bool
):
    echo.escapes = escapes
    spelt = ["-" if value is None else value.encode().hex() for value in values]
    assert java.run("echo", echo.url(), *spelt) == spelt
    assert echo.requests[-2]["binds"] == values


@pytest.mark.parametrize("escapes", [False, True])
@pytest.mark.parametrize("character", ["x", "ü", "\U0001f69a", "\n", '"'])
def test_a_value_of_32_k_comes_whole(java: Java, echo: ScriptedDatabase, character: str, *, escapes: bool):
    echo.escapes = escapes
    spelt = (character * 32767).encode().hex()
    assert java.run("echo", echo.url(), spelt, spelt) == [spelt, spelt]


def test_binds_go_as_text_in_their_order_and_one_that_is_missing_is_named(java: Java):
    with closing(ScriptedDatabase(_echo)) as database:
        said = java.run("binds", database.url())
    assert said == [
        "unbound: ! java.sql.SQLException 17041 99999 ORA-17041: Missing IN or OUT parameter at index: 1",
        "beyond: ! java.sql.SQLException 17003 99999 ORA-17003: Invalid column index",
        f"an odd object: {LACKS} setObject of a java.util.Date",
    ]
    stamp = "2024-05-06 07:08:09.123456"
    expected = ["-7", "9007199254740992", "1000", stamp, "00ff", None, "12", "s"]
    assert [request["binds"] for request in database.requests if request["op"] == "execute"] == [expected]


# Batches.


class Table:
    """A table of `count` rows that gives what it is asked for."""

    def __init__(self, count: int) -> None:
        self._left = count

    def __call__(self, request: Request) -> Answer:
        if request["op"] == "connect":
            return CONNECTED
        size = min(request["fetch"] if request["op"] == "execute" else request["n"], self._left)
        self._left -= size
        answer: Request = {"rows": [["1", "x"]] * size, "cursor": 7 if self._left else None}
        if request["op"] == "execute":
            answer["columns"] = [["A", "NUMBER"], ["B", "VARCHAR2"]]
        return answer


@pytest.mark.parametrize(
    ("count", "size", "asked"),
    [
        *((0, "", [10]), (10, "", [10]), (11, "", [10, 10]), (25, "", [10, 10, 10]), (25, "0", [10, 10, 10])),
        *((7, "3", [3, 3, 3]), (2500, "1000", [1000] * 3)),
    ],
)
def test_rows_come_in_batches_of_the_fetch_size(java: Java, count: int, size: str, asked: list[int]):
    with closing(ScriptedDatabase(Table(count))) as database:
        assert java.run("rows", database.url(), size)[0] == f"{count} rows true false"
    assert [request.get("fetch", request.get("n")) for request in database.requests[1:-1]] == asked
    assert database.operations() == ["connect", "execute", *["fetch"] * (len(asked) - 1), "quit"]


def test_an_empty_batch_is_not_the_end(java: Java):
    batches: Iterator[Answer] = iter(
        [
            {"columns": [["A", "NUMBER"]], "rows": [], "cursor": 1},
            *({"rows": [], "cursor": 1}, {"rows": [["1"]], "cursor": 1}, {"rows": [], "cursor": None}),
        ]
    )

    def answer(request: Request) -> Answer:
        return CONNECTED if request["op"] == "connect" else next(batches)

    with closing(ScriptedDatabase(answer)) as database:
        assert java.run("rows", database.url(), "")[0] == "1 rows true false"


def test_a_result_that_is_left_early_closes_its_cursor(java: Java):
    with closing(ScriptedDatabase(Table(100))) as database:
        assert java.run("leave", database.url()) == [
            "afterLast false",
            "closed: ! java.sql.SQLException 17010 99999 ORA-17010: Closed ResultSet",
            "closed: ! java.sql.SQLException 17009 99999 ORA-17009: Closed statement",
        ]
    assert database.operations() == ["connect", "execute", "close", "quit"]
    assert database.requests[2]["cursor"] == 7


# Errors.

_CLASSES = {
    "SQLRecoverableException": "1033 1034 1089 1090 1092 3113 3114 12514 17002 17008 17410",
    "SQLTimeoutException": "1013 12170",
    "SQLSyntaxErrorException": "942 1031",
    "SQLException": "54 310 600 604 1001 1012 1017 1284 1291 1292 1327 1333 1343 1371 1466 1555 2396 3135 "
    "4030 4031 4036 8181 12154 12505 12516 12518 12528 12541 12543 12545 12571 25303 26653 28000 28001",
}


@pytest.mark.parametrize(
    ("code", "name"), [(int(code), name) for name, codes in _CLASSES.items() for code in codes.split()]
)
def test_an_error_of_the_database_has_ojdbc_s_class_and_text(java: Java, code: int, name: str):
    text = f"ORA-{code:05d}: as the database says"
    with closing(ScriptedDatabase(_answers({"error": code, "text": text}))) as database:
        said = java.run("error", database.url())
    assert _failure(said[0])[:2] == (f"java.sql.{name}", code)
    assert _failure(said[0])[3] == text + HELP.format(code)
    assert len(_failure(said[0])[2]) == 5  # an SQLState
    # After these ojdbc has closed the connection itself.
    assert said[2] == f"closed {str(code in (600, 1012, 3113, 3114)).lower()}"


@pytest.mark.parametrize(
    ("code", "state"), [(942, "42000"), (1013, "72000"), (1555, "72000"), (3113, "08006")]
)
def test_an_error_has_ojdbc_s_sqlstate(java: Java, code: int, state: str):
    with closing(ScriptedDatabase(_answers({"error": code, "text": f"ORA-{code:05d}: x"}))) as database:
        assert _failure(java.run("error", database.url())[0])[2] == state


def _breaks_at(operation: str) -> Callable[[Request], Answer]:
    table = Table(100)
    return lambda request: None if request["op"] == operation else table(request)


@pytest.mark.parametrize(("operation", "rows"), [("execute", 0), ("fetch", 2)])
def test_a_closed_socket_is_a_recoverable_i_o_error_and_ends_the_connection(
    java: Java, operation: str, rows: int
):
    with closing(ScriptedDatabase(_breaks_at(operation))) as database:
        said = java.run("error", database.url())
    assert said[:rows] == ["row 1"] * rows
    assert _failure(said[rows]) == (
        *("java.sql.SQLRecoverableException", 17002, "08006"),
        "ORA-17002: I/O error: the database closed the connection" + HELP.format(17002),
    )
    assert said[rows + 1 :] == [
        "cause java.io.EOFException: the database closed the connection",
        "closed true",
        "again: ! java.sql.SQLRecoverableException 17008 08003 ORA-17008: Closed connection",
        "valid false",
    ]


def test_an_error_in_the_midst_of_the_rows_comes_after_those_before_it(java: Java):
    table = Table(100)

    def answer(request: Request) -> Answer:
        broken = {"error": 1555, "text": "ORA-01555: snapshot too old"}
        return broken if request["op"] == "fetch" else table(request)

    with closing(ScriptedDatabase(answer)) as database:
        said = java.run("error", database.url())
    assert said[:2] == ["row 1", "row 1"]
    assert _failure(said[2])[:2] == ("java.sql.SQLException", 1555)
    assert said[4] == "closed false"
    assert said[6] == "valid true"
    assert "close" not in database.operations(), "the cursor ended with the error"


def test_an_answer_that_is_no_json_is_an_i_o_error(java: Java):
    with closing(ScriptedDatabase(_answers({"rows": 1.5}))) as database:
        said = java.run("error", database.url())
    assert _failure(said[0])[:2] == ("java.sql.SQLRecoverableException", 17002)
    assert "the stand-in's answer cannot be read" in said[0]


@pytest.mark.parametrize("operation", ["execute", "fetch"])
def test_a_query_timeout_is_ora_01013_and_the_connection_stays_usable(java: Java, operation: str):
    def answer(request: Request) -> Answer | Late:
        if request["op"] == "connect":
            return CONNECTED
        word = request.get("sql", "SELECT SLOW").removeprefix("SELECT ")
        found: Request = {"columns": [["A", "VARCHAR2"]], "rows": [[word]], "cursor": None}
        if word == "SLOW" and request["op"] == "execute" != operation:
            return {**found, "rows": [], "cursor": 3}
        return Late(found) if word == "SLOW" else found

    with closing(ScriptedDatabase(answer)) as database:
        assert java.run("timeout", database.url()) == [
            f"slow: {TIMEOUT} 1013 72000 ORA-01013: user requested cancel of current operation",
            "in time true",
            "closed false",
            "FAST",
        ]
    assert [request["timeout"] for request in database.requests if request["op"] == "execute"] == [1, 0]


def test_abort_ends_a_call_of_another_thread(java: Java):
    def answer(request: Request) -> Answer | Late:
        return Late(None) if request["op"] == "execute" else CONNECTED

    with closing(ScriptedDatabase(answer)) as database:
        said = java.run("abort", database.url())
    assert sorted(said) == [
        f"cancel: {LACKS} Statement.cancel() of a call that is under way",
        "closed true",
        f"the other thread: ! {RECOVERABLE} 17002 08006 ORA-17002: I/O error: Socket closed",
    ]


# Connecting.


@pytest.mark.parametrize("code", [1017, 28000, 28001])
def test_a_refused_login_is_the_database_s_error(java: Java, code: int):
    def answer(_: Request) -> Answer:
        return {"error": code, "text": f"ORA-{code:05d}: no"}

    with closing(ScriptedDatabase(answer)) as database:
        said = java.run("connect", database.url())
    assert said[0].startswith(f"failed java.sql.SQLException {code} ")
    assert database.operations() == ["connect"]


@pytest.mark.parametrize(
    ("code", "name", "words"),
    [
        (
            12514,
            "SQLRecoverableException",
            "Cannot connect to database. Service WMS is not registered with the",
        ),
        (12505, "SQLException", "ORA-12505"),
        (12516, "SQLException", "ORA-12516"),
        (12528, "SQLException", "ORA-12528"),
    ],
)
def test_the_listener_s_refusal_is_the_real_driver_s_exception(java: Java, code: int, name: str, words: str):
    with closing(ScriptedDatabase(_answers(None), refusal=code)) as database:
        said = java.run("connect", database.url())
        assert database.tns_connects >= 1
    assert _failure(said[0].removeprefix("failed "))[:2] == (f"java.sql.{name}", code)
    assert words in said[0]
    assert "CONNECTION_ID=" in said[0]


def test_where_nobody_listens_the_real_driver_says_so(java: Java):
    port = free_port()
    (said,) = java.run("connect", f"jdbc:oracle:thin:@127.0.0.1:{port}/WMS")
    assert said.startswith("failed java.sql.SQLRecoverableException 12541 ") or " 12541 " in said
    assert f"No listener at host 127.0.0.1 port {port}" in said


_DESCRIPTION = (
    "(DESCRIPTION=(ADDRESS_LIST=(ADDRESS=(PROTOCOL=TCP)(HOST=127.0.0.1)(PORT={dead}))"
    "(ADDRESS = (PROTOCOL = tcp)(HOST = 127.0.0.1)(PORT = {port})))(CONNECT_DATA=(SERVICE_NAME=wms.example)))"
)


@pytest.mark.parametrize(
    ("form", "key", "value"),
    [
        ("127.0.0.1:{port}/wms.example", "service", "wms.example"),
        ("//127.0.0.1:{port}/wms.example", "service", "wms.example"),
        ("//127.0.0.1:{port}/wms.example:dedicated", "service", "wms.example"),
        ("127.0.0.1:{port}:WMS1", "sid", "WMS1"),
        (_DESCRIPTION, "service", "wms.example"),
    ],
)
def test_each_form_of_the_url_leads_there(java: Java, form: str, key: str, value: str):
    with closing(ScriptedDatabase(_answers({"ok": True}))) as database:
        url = "jdbc:oracle:thin:@" + form.format(port=database.port, dead=free_port())
        assert java.run("connect", url) == ["connected true Oracle Database 19c Enterprise Edition"]
    connect = database.requests[0]
    assert connect == {
        "op": "connect",
        "url": url,
        "host": "127.0.0.1",
        "port": database.port,
        key: value,
        "user": "C##DBZ",
        "password": "geheim",
        "properties": {"oracle.net.keepAlive": "true"},
    }


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("tcps://127.0.0.1:2484/WMS", "SQLFeatureNotSupportedException"),
        ("(DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)(HOST=h)(PORT=1))(CONNECT_DATA=(SID=X)))", "PROTOCOL=TCPS"),
        ("127.0.0.1:1:2:3:4", "17067"),
        ("(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=127.0.0.1)(PORT=1)))", "17067"),
    ],
)
def test_a_url_that_it_cannot_follow_is_refused(java: Java, rest: str, words: str):
    (said,) = java.run("connect", "jdbc:oracle:thin:@" + rest)
    assert said.startswith("failed ")
    assert words in said


def test_the_driver_manager_asks_this_driver_first_also_after_the_real_one_has_registered_itself(home: Path):
    with (
        closing(ScriptedDatabase(_answers(None), refusal=12514)) as refusing,
        _start(_SCENARIOS, home) as process,
    ):
        fresh = Java(process)
        with closing(ScriptedDatabase(_answers(None))) as database:
            own = ["stand-in for Oracle JDBC driver", "wms.standin.StandInDriver"]
            assert fresh.run("drivers", database.url()) == own
            assert "12514" in fresh.run("connect", refusing.url())[0]
            assert fresh.run("drivers", database.url()) == [*own, "oracle.jdbc.OracleDriver"]
            assert database.tns_connects == 0
        assert process.stdin
        process.stdin.close()


# Transactions, metadata, what is missing.


def test_transactions_go_over_the_wire(java: Java):
    with closing(ScriptedDatabase(_answers({"updated": 3}))) as database:
        assert java.run("transaction", database.url()) == [
            "autocommit true",
            f"commit: {ORA} 17273 99999 ORA-17273: Could not commit with auto-commit enabled.",
            f"savepoint: {ORA} 17120 99999 ORA-17120: Cannot set a savepoint with auto-commit enabled.",
            "execute false 3",
            "more false -1",
            "update 3",
            "call false",
            "a query of none: false",
            "read only true, isolation 2",
            "closed true, valid false",
            "after: ! java.sql.SQLRecoverableException 17008 08003 ORA-17008: Closed connection",
        ]
    assert [_shortened(request) for request in database.requests[1:]] == [
        {"op": "savepoint", "name": "dbz_schema_snapshot"},
        *[{"op": "execute", "autocommit": False}] * 4,
        {"op": "rollback", "savepoint": "dbz_schema_snapshot"},
        {"op": "rollback", "savepoint": None},
        *({"op": "commit"}, {"op": "commit"}, {"op": "quit"}),
    ]


def _shortened(request: Request) -> dict[str, Any]:
    return {key: value for key, value in request.items() if key not in ("sql", "binds", "fetch", "timeout")}


def test_metadata_comes_over_the_wire_with_names_instead_of_patterns(java: Java):
    def answer(request: Request) -> Answer:
        if request["op"] == "connect":
            return CONNECTED
        return {
            "columns": [["A", "VARCHAR2"], ["B", "VARCHAR2"]],
            "rows": [[request["op"], None]],
            "cursor": None,
        }

    with closing(ScriptedDatabase(answer)) as database:
        assert java.run("metadata", database.url()) == [
            "19.0 Oracle",
            "Oracle Database 19c Enterprise Edition",
            "/ 34",
            "C##DBZ true",
            *("tables,null;", "columns,null;", "primaryKeys,null;", "indexes,null;"),
            f"pattern: {LACKS} the name pattern PLAN_%",
        ]
    assert database.requests[1:-1] == [
        {"op": "tables", "schema": "MMDL", "name": None, "types": ["VIEW", "TABLE"]},
        {"op": "columns", "schema": "MMDL", "name": "PLAN_BASE_WVR_TBL"},
        {"op": "primaryKeys", "schema": "MMDL", "name": "PLAN_BASE_WVR_TBL"},
        {"op": "indexes", "schema": "MMDL", "name": "T", "unique": True},
    ]


def test_what_is_missing_is_refused_by_name(java: Java):
    with closing(ScriptedDatabase(Table(5))) as database:
        assert java.run("missing", database.url()) == [
            f"Connection: {LACKS} Connection.createBlob()",
            f"unwrap: {LACKS} Connection.unwrap(Class)",
            f"Statement: {LACKS} PreparedStatement.executeBatch()",
            f"PreparedStatement: {LACKS} PreparedStatement.setDate(int, Date, Calendar)",
            f"ResultSet: {LACKS} ResultSet.previous()",
            f"ResultSet as: {LACKS} getObject of a NUMBER as java.net.URL",
            f"ResultSetMetaData: {LACKS} ResultSetMetaData.getPrecision(int)",
            f"DatabaseMetaData: {LACKS} DatabaseMetaData.getProcedures(String, String, String)",
            f"scrolling: {LACKS} result sets of type 1004 and concurrency 1007",
            f"serializable: {LACKS} the transaction isolation 8",
            "true false SELECT 1 FROM DUAL",
        ]
