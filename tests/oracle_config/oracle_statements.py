"""`make oracle-statements`: which statements the pinned connector sends, against the list that is kept.

The connector runs on the stand-in through everything that makes it ask something: first snapshot, streaming,
log switch, a changed definition, a snapshot by signal, a restart, a LogMiner session that fails, archived
logs that are gone. The stand-in notes each statement, and refuses by name what it does not know.

    python -m tests.oracle_config.oracle_statements [--write]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connector.local import schema
from connector.local.arrivals import Watch
from connector.local.oracle.process import SERVICE
from connector.local.state import ROOT
from connector.local.world import World
from tests.oracle_config.dba_page import PAGE, written
from tests.oracle_config.kept_statements import HEAD, KEPT, difference
from tests.support.sceptre_cli import sceptre
from tests.support.waiting import wait_for
from tests.support.wms_cli import wms_connector

_CANNOT_OPEN = "ORA-01284: file /u01/archive/gone.arc cannot be opened"


def record(world: World) -> dict[str, Any]:
    """Let a stage live through all of it; answers what the stand-in noted: `seen` and `refused`."""
    database = world.database
    database.seed(2)
    for target in ("foundation", "main"):
        run = sceptre(world.env(), "launch", target, "--yes")
        if run.status:
            raise SystemExit(f"sceptre launch {target} failed:\n{run.output}")
    watch = Watch(world.kafka_bootstrap, [f"wms.WMS.{schema.BASE}"])

    def arrives(key: int) -> None:
        seen = watch.wait_for(lambda all_: any(str(key) in map(str, a.key.values()) for a in all_), 120)
        if not seen:
            raise SystemExit(f"row {key} did not arrive")

    try:
        _live(world, arrives)
    finally:
        watch.close()
    with database.sys(SERVICE) as dba:
        found: dict[str, Any] = dba.admin("statements")
    return found


def _live(world: World, arrives: Any) -> None:
    database, say = world.database, _say
    say("a log switch and a changed definition")
    with database.sys(SERVICE) as dba:
        dba.admin("switch_log")
    arrives(database.insert("WMS", schema.BASE)[0])
    with database.app() as session:
        session.execute(f'ALTER TABLE "WMS"."{schema.BASE}" ADD ("PRIORITY_CD" VARCHAR2(10))')
    arrives(database.insert("WMS", schema.BASE)[0])
    say("a snapshot by signal, and a restart")
    for words in (("snapshot", "main", "--table", f"WMS.{schema.BASE}"), ("restart", "main")):
        done = wms_connector(world.env(), *words)
        if done.status:
            raise SystemExit(f"wms-connector {' '.join(words)} failed: {done.stderr}")
        arrives(database.insert("WMS", schema.BASE)[0])
    say("a LogMiner session that fails")
    with database.sys(SERVICE) as dba:
        dba.admin("fault", at="start_logmnr", code=1284, text=_CANNOT_OPEN, times=1)
    arrives(database.insert("WMS", schema.BASE)[0])
    say("archived logs that are gone beneath an open transaction")
    with database.app() as session:
        session.execute(f'UPDATE "WMS"."{schema.BASE}" SET "STATE_CD" = ?', ["NY"])
        arrives(database.insert("WMS", schema.BASE)[0])
        with database.sys(SERVICE) as dba:
            for _ in range(5):
                dba.admin("switch_log")
            dba.admin("delete_archived")
        with database.sys(SERVICE) as dba:
            wait_for(
                lambda: any("A.STATUS = 'D'" in text for text in dba.admin("statements")["seen"]),
                "the search for a deleted log",
                seconds=150,
            )
        session.rollback()


@contextmanager
def _world() -> Iterator[World]:
    with (
        tempfile.TemporaryDirectory() as directory,
        World.up(Path(directory) / "world", report=_say) as world,
    ):
        yield world


def _say(line: str) -> None:
    print(f"==> {line}", file=sys.stderr, flush=True)  # noqa: T201 - a command's progress


def main() -> int:
    """Print the statements; status 1 with the difference when they are not those that are kept."""
    parser = argparse.ArgumentParser(prog="make oracle-statements")
    parser.add_argument("--write", action="store_true", help="keep what was sent, and write the DBA's page")
    write = parser.parse_args().write
    began = time.monotonic()
    with _world() as world:
        found = record(world)
    seen, refused = found["seen"], found["refused"]
    for text in sorted(seen):
        print(text)  # noqa: T201 - what the command is for
    kept = KEPT.read_text(encoding="utf-8") if KEPT.exists() else ""
    changed = difference(kept, sorted(seen), refused)
    _say(f"{len(seen)} statements, {len(refused)} refused, in {time.monotonic() - began:.0f} s")
    if write and not refused:
        KEPT.write_text(HEAD + "\n".join(sorted(seen)) + "\n", encoding="utf-8")
        PAGE.write_text(written(KEPT.read_text(encoding="utf-8")), encoding="utf-8")
        _say(f"wrote {KEPT.relative_to(ROOT)} and {PAGE.relative_to(ROOT)}")
        return 0
    for line in changed:
        print(line, file=sys.stderr)  # noqa: T201
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
