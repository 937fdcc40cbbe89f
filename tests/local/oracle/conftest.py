"""A database in a temporary directory, with a clock that a test moves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.local.oracle.engine import OracleEngine, OracleSettings
from connector.local.oracle.session import OracleSession, QueryResult


class Clock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(tmp_path: Path, clock: Clock) -> Iterator[OracleEngine]:
    opened = OracleEngine.open(tmp_path, OracleSettings(lock_wait_seconds=0.3), clock)
    yield opened
    opened.close()


@pytest.fixture
def session(engine: OracleEngine) -> OracleSession:
    return engine.session("WMS")


def rows(result: QueryResult | int) -> list[tuple[str | None, ...]]:
    assert isinstance(result, QueryResult)
    return [tuple(row) for row in result.rows]


def ask(session: OracleSession, sql: str, *binds: str | int | None) -> list[tuple[str | None, ...]]:
    return rows(session.execute(sql, binds))


def redo_texts(engine: OracleEngine, after: int = 0) -> list[tuple[int, int, str | None]]:
    """(operation, rollback flag, statement) of all redo behind an SCN."""
    found = engine.redo(after, engine.current_scn())
    return [(row.operation_code, row.rollback, row.sql_redo) for row in found]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The local world is not measured (pyproject.toml): nothing here reaches a line that is."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.no_cover)
