"""The list of the connector's statements: what a new version changes shows, and the DBA's script fits it."""

import re

import pytest

from connector.domain.capture.oracle_script import PACKAGES, VIEWS
from connector.local.oracle.answers import connector
from connector.local.oracle.statements import Statement
from tests.oracle_config.oracle_statements import KEPT, PAGE, difference, page

#: What every user may use: granted to PUBLIC in Oracle.
_PUBLIC = re.compile(r"ALL_\w+|USER_\w+|NLS_DATABASE_PARAMETERS|DBMS_METADATA")


def _kept() -> list[str]:
    return [line for line in KEPT.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]


def _objects() -> set[str]:
    return {name for text in _kept() for name in Statement(text, None).objects if not _PUBLIC.fullmatch(name)}


def test_every_statement_that_is_kept_has_an_answer() -> None:
    known = {statement.text for statement in connector.statements}
    assert {*_kept()} <= known
    assert len(_kept()) > 40


def test_every_object_that_is_used_is_granted_and_no_other() -> None:
    assert _objects() == {*VIEWS, *PACKAGES}


def test_the_same_statements_are_no_difference() -> None:
    assert difference(KEPT.read_text(encoding="utf-8"), _kept(), []) == []


@pytest.mark.parametrize("place", [0, 20, -1])
def test_a_statement_that_a_version_changes_shows_as_gone_and_as_new(place: int) -> None:
    """No newer patch release is there to be tried, so the list is altered instead."""
    sent = _kept()
    gone = sent[place]
    sent[place] = f"{gone} FETCH FIRST 10 ROWS ONLY"
    assert difference(KEPT.read_text(encoding="utf-8"), sent, []) == [f"-{gone}", f"+{sent[place]}"]


def test_a_statement_without_an_answer_shows() -> None:
    refused = ["SELECT NAME FROM V$CONTAINERS"]
    assert difference(KEPT.read_text(encoding="utf-8"), _kept(), refused) == [f"!{refused[0]}"]


def test_the_dbas_page_has_each_statement_with_its_binds_and_no_number_that_varies() -> None:
    text = page(
        {
            "SELECT A FROM V$X WHERE B=?": {
                "sql": "SELECT A FROM V$X WHERE B=?",
                "binds": ["it"],
                "columns": ["A", "WHEN"],
                "rows": [["2000059", "2026-01-02 03:04:05.6"]],
            }
        }
    )
    assert "SELECT A FROM V$X WHERE B='it';" in text
    assert "| A | `…` |" in text
    assert "2000059" not in text
    assert "2026-" not in text


def test_the_page_that_is_kept_has_as_many_statements_as_the_list() -> None:
    assert PAGE.read_text(encoding="utf-8").count("\n## ") == len(_kept())
