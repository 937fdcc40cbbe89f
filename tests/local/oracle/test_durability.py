import subprocess
import sys
from pathlib import Path

from connector.local.oracle.engine import OracleEngine, OracleSettings
from tests.local.oracle.conftest import ask


def test_killed_databases_keep_every_commit_and_nothing_else(tmp_path: Path):
    engine = OracleEngine.open(tmp_path, OracleSettings())
    session = engine.session("WMS")
    session.execute(
        "CREATE TABLE T (K NUMBER PRIMARY KEY, V VARCHAR2(9), SUPPLEMENTAL LOG DATA (ALL) COLUMNS)"
    )
    session.execute("INSERT INTO T VALUES (0, 'kept')")
    session.commit()
    last = engine.current_scn()
    engine.close()
    acknowledged = 0
    for wanted in (3, 40, 11, 170):
        with subprocess.Popen(
            [sys.executable, "-m", "tests.local.oracle.killed", str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout
            lines = [process.stdout.readline() for _ in range(wanted)]
            process.kill()
            lines += [line for line in process.stdout.read().splitlines() if line.count(" ") == 2]
        said = [[int(word) for word in line.split()] for line in lines]
        scns = [scn for _, *pair in said for scn in pair]
        assert scns == sorted(scns)
        assert scns[0] > last
        last = scns[-1]
        acknowledged = max(number for number, *_ in said)

        engine = OracleEngine.open(tmp_path, OracleSettings())
        session = engine.session("WMS")
        keys = [key for (key,) in ask(session, "SELECT K FROM T WHERE K > 0 ORDER BY K")]
        # The last commit may be in the file without having been said.
        assert len(keys) // 2 in {acknowledged, acknowledged + 1}
        assert keys == [
            text for number in range(1, len(keys) // 2 + 1) for text in (f"{number}", f"{number}.5")
        ]
        assert ask(session, "SELECT * FROM T WHERE K <= 0") == [("0", "kept")]
        assert engine.open_transactions() == []
        now = engine.current_scn()
        assert now > last
        last = now
        _check_redo(engine, session_keys=keys)
        engine.close()


def _check_redo(engine: OracleEngine, session_keys: list[str | None]) -> None:
    """Redo tells the same story: what was committed in it is what is in the table."""
    pending: dict[bytes, int] = {}
    inserted, undone, last = 0, 0, 0
    for row in engine.redo(0, engine.current_scn()):
        assert row.scn >= last
        last = row.scn
        if row.operation_code == 6:
            pending[row.xid] = 0
        elif row.operation_code == 1 and "'open'" not in (row.sql_redo or "") and not row.rollback:
            pending[row.xid] += 1
        elif row.operation_code == 7:
            inserted += pending.pop(row.xid)
        elif row.operation_code == 36:
            undone += 1
            pending.pop(row.xid)
    assert pending == {}
    assert inserted == len(session_keys) + 1
    assert undone >= 1


def test_a_clean_end_leaves_no_gap(tmp_path: Path):
    engine = OracleEngine.open(tmp_path)
    last = engine.current_scn()
    engine.close()
    engine = OracleEngine.open(tmp_path)
    assert last < engine.current_scn() < last + 10
    engine.close()


def test_state_that_a_dba_changed_survives(tmp_path: Path):
    engine = OracleEngine.open(tmp_path)
    engine.alter(archivelog=False, minimal_supplemental=False)
    engine.close()
    engine = OracleEngine.open(tmp_path)
    assert engine.state["archivelog"] == 0
    assert engine.supplemental.minimal is False
    engine.close()
