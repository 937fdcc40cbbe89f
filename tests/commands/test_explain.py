"""`wms-connector explain`: what is read, what is printed, what is refused."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import Run, assert_one_line

TRACE = (
    "org.apache.kafka.connect.errors.ConnectException: Error configuring an instance\n"
    "\tat io.debezium.connector.common.BaseSourceTask.start(BaseSourceTask.java:1)\n"
    "Caused by: java.sql.SQLException: ORA-12541: Cannot connect. No listener at host db port 1521.\n"
)


def test_stdin_is_read_without_a_file_and_for_a_dash(run_json: Callable[..., Any]) -> None:
    for arguments in ([], ["-"]):
        found = run_json("explain", *arguments, "--stage", "main", stdin=TRACE)
        assert found["class"] == "unreachable"
        assert found["restart"] is True
        assert found["owner"] == "network"
        assert found["cause"] == "ORA-12541: Cannot connect. No listener at host db port 1521."
        assert found["command"] == "wms-connector status main"
        assert found["meaning"]
        assert found["next_step"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
def test_a_file_is_read_in_any_encoding_of_a_terminal(
    run_json: Callable[..., Any], tmp_path: Path, encoding: str
) -> None:
    file = tmp_path / "trace.txt"
    file.write_bytes(TRACE.replace("No listener", "Нет слушателя").replace("\n", "\r\n").encode(encoding))
    assert run_json("explain", str(file))["class"] == "unreachable"


def test_a_person_reads_class_owner_restart_and_next_step(run: Run) -> None:
    result = run("explain", "--stage", "main", stdin=TRACE)
    assert result.exit_code == 0
    for words in (
        "Line 1 of 3",
        "unreachable",
        "network",
        "yes, within its budget",
        "wms-connector status main",
    ):
        assert words in result.stdout
    assert "Other errors" not in result.stdout


def test_a_person_reads_that_no_class_describes_an_error(run: Run) -> None:
    result = run("explain", stdin="java.lang.IllegalStateException: never heard of\n")
    assert result.exit_code == 0
    assert "unknown: no class describes this error" in result.stdout
    assert "<stage>" in result.stdout


def test_a_person_reads_which_line_of_a_log_counts_and_why_nothing_is_restarted(run: Run) -> None:
    head = "2026-11-29T06:00:0{}.000Z ERROR [wms-oracle-cdc|task-0] java.sql.SQLException: ORA-{}: words\n"
    result = run("explain", stdin=head.format(0, "01017") + head.format(1, "12541"))
    assert result.exit_code == 0
    assert "Line 2 of 2" in result.stdout
    assert "no: line 1 has a refused login" in result.stdout
    assert "Other errors in the text" in result.stdout


def test_of_a_log_that_is_too_long_the_end_is_read(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.commands.explain._PART", 100)
    monkeypatch.setattr("connector.commands.explain._MOST_PARTS", 4)
    file = tmp_path / "connect.log"
    file.write_text("ORA-01017: too far back\n" * 9 + "words\n" * 99 + TRACE, encoding="utf-8")
    result = run("explain", "--json", str(file))
    assert json.loads(result.stdout)["class"] == "unreachable"
    assert result.stderr.startswith("note: read and counted are the lines of the last")


def test_the_help_has_an_example(run: Run) -> None:
    assert "| wms-connector explain --stage main" in run("explain", "--help").stdout


@pytest.mark.parametrize("stdin", ["", "\n \n", b"\xef\xbb\xbf"])
def test_no_text_is_refused(run: Run, stdin: str | bytes) -> None:
    assert_one_line(run("explain", stdin=stdin), "<stdin> is empty", "give a trace")


# With the time in gzip's header, two processes would name this test differently.
@pytest.mark.parametrize(
    "data", [b"\x7fELF\x00\x01", gzip.compress(TRACE.encode(), mtime=0), bytes(range(1, 256))]
)
def test_what_is_not_text_is_refused(run: Run, tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(data)
    for source, stdin in ((str(file), None), ("-", data)):
        assert_one_line(run("explain", source, stdin=stdin), "is not text", "unpack it")


def test_a_file_that_cannot_be_read_is_refused(run: Run, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.txt", tmp_path):
        assert_one_line(run("explain", str(path)), "cannot read", str(path), "give another path")


def test_a_stage_that_no_stage_can_be_is_refused(run: Run) -> None:
    assert_one_line(run("explain", "--stage", "a/b", stdin=TRACE), "'a/b'")


def test_the_json_is_one_value(run: Run) -> None:
    assert json.loads(run("explain", "--json", stdin=TRACE).stdout)["others"] == []
