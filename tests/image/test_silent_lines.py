"""What Debezium passes over leaves a line in the log, by the shipped classes and the image's log4j2.xml.

After an upgrade of Debezium this fails where a text or a class has another name.
"""

import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from connector.domain.health.skipped_lines import WORDS, Seen, Skip, skip_in
from connector.domain.health.snapshot_lines import SNAPSHOT_WORDS
from connector.local import toolchain

pytestmark = pytest.mark.e2e

_SOURCE = Path(__file__).parent / "SilentLines.java"
TABLE = "WMS.PLAN_BASE_WVR_TBL"
_ORACLE = "io/debezium/connector/oracle"
_MINER = "logminer/AbstractLogMinerStreamingChangeEventSource"
_UNSUPPORTED = (
    "An unsupported operation detected for table '{}' in transaction {} with SCN {} on redo thread {}."
)
#: Each line's text as it is in the class that writes it.
TEXTS = {
    _UNSUPPORTED: _MINER,
    "Database table '{}' no longer exists, supplemental log check skipped": _MINER,
    "Database table '{}' not configured with supplemental logging \"(ALL) COLUMNS\"; ": _MINER,
    "Redo Log Group Sizes:": _MINER,
    "Dispatching TRUNCATE event for table '{}' with SCN {}": (
        "logminer/buffered/BufferedLogMinerStreamingChangeEventSource"
    ),
    "Renaming included table {} to non-included table {}, this can lead to schema inconsistency": (
        "antlr/listener/AlterTableParserListener"
    ),
    "Applying schema change event {}": "OracleDatabaseSchema",
}
#: Those of a snapshot, with the class and the part of Debezium.
SNAPSHOT_TEXTS = {
    "Requested '{}' snapshot of data collections '{}' with additional conditions '{}'": (
        "pipeline/signal/actions/snapshotting/ExecuteSnapshot"
    ),
    "Snapshot step 3 - Locking captured tables {}": "relational/RelationalSnapshotChangeEventSource",
    "Snapshot completed": "pipeline/source/AbstractSnapshotChangeEventSource",
    "Snapshot was not completed successfully": "pipeline/source/AbstractSnapshotChangeEventSource",
    ", it will be re-executed": "pipeline/source/AbstractSnapshotChangeEventSource",
}
#: Statement -> what is found of it.
STATEMENTS = {
    "TRUNCATE TABLE WMS.PLAN_BASE_WVR_TBL": Seen(Skip.TRUNCATED, TABLE, 2000123),
    "truncate table plan_base_wvr_tbl drop storage": Seen(Skip.TRUNCATED, TABLE, 2000123),
    'drop table "WMS"."PLAN_BASE_WVR_TBL" AS "BIN$Ab+/cd==$0" ;': Seen(Skip.DROPPED, TABLE),
    "DROP TABLE plan_base_wvr_tbl CASCADE CONSTRAINTS PURGE": Seen(Skip.DROPPED, TABLE),
    "DROP /* old */ TABLE WMS.PLAN_BASE_WVR_TBL": Seen(Skip.DROPPED, TABLE),
    "/* old */ drop/**/table /* of */ WMS /* the */ . PLAN_BASE_WVR_TBL": Seen(Skip.DROPPED, TABLE),
    "TRUNCATE /* old */ TABLE WMS.PLAN_BASE_WVR_TBL": Seen(Skip.TRUNCATED, TABLE, 2000123),
    "ALTER /* x */ TABLE PLAN_BASE_WVR_TBL /* x */ RENAME /* x */ TO OLD_WVR": Seen(Skip.DROPPED, TABLE),
    "ALTER TABLE WMS.PLAN_BASE_WVR_TBL TRUNCATE PARTITION P1": Seen(Skip.TRUNCATED, TABLE),
    "ALTER TABLE PLAN_BASE_WVR_TBL TRUNCATE PARTITIONS P1, P2": Seen(Skip.TRUNCATED, TABLE),
    "ALTER TABLE PLAN_BASE_WVR_TBL TRUNCATE SUBPARTITION P1": Seen(Skip.TRUNCATED, TABLE),
    "ALTER TABLE PLAN_BASE_WVR_TBL DROP PARTITIONS P1, P2": Seen(Skip.TRUNCATED, TABLE),
    "ALTER TABLE PLAN_BASE_WVR_TBL DROP SUBPARTITION P1": Seen(Skip.TRUNCATED, TABLE),
    "alter table plan_base_wvr_tbl drop partition P1": Seen(Skip.TRUNCATED, TABLE),
    "ALTER TABLE PLAN_BASE_WVR_TBL EXCHANGE PARTITION P1 WITH TABLE X": Seen(Skip.TRUNCATED, TABLE),
    "ALTER TABLE WMS.PLAN_BASE_WVR_TBL DROP SUPPLEMENTAL LOG DATA (ALL) COLUMNS": Seen(Skip.UNLOGGED, TABLE),
    "ALTER TABLE WMS.PLAN_BASE_WVR_TBL ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS": Seen(
        Skip.UNLOGGED, TABLE, ended=True
    ),
    'ALTER TABLE "WMS"."PLAN_BASE_WVR_TBL" RENAME TO "BIN$Ab+/cd==$0" ;': Seen(Skip.DROPPED, TABLE),
    "ALTER TABLE PLAN_BASE_WVR_TBL ADD (NEW_COL NUMBER(3))": None,
    "CREATE TABLE PLAN_BASE_WVR_TBL (ID NUMBER(12), SUPPLEMENTAL LOG DATA (ALL) COLUMNS)": None,
    # Debezium's parser has no event for these: they stay unseen (docs/operations.md, ChangesSkipped).
    "RENAME PLAN_BASE_WVR_TBL TO OTHER": None,
    "FLASHBACK TABLE PLAN_BASE_WVR_TBL TO BEFORE DROP": None,
}


@pytest.fixture(scope="module")
def tools() -> toolchain.Toolchain:
    found = toolchain.find()
    toolchain.assemble(found, lambda _: None)
    return found


def test_the_shipped_classes_have_the_texts_that_are_looked_for(tools: toolchain.Toolchain):
    plugin = tools.connect_home / "plugins" / "debezium-connector-oracle"
    (jar,) = plugin.glob("debezium-connector-oracle-*.jar")
    with zipfile.ZipFile(jar) as classes:
        for text, name in TEXTS.items():
            # javac puts a format's text into the class as it is.
            assert text.encode() in classes.read(f"{_ORACLE}/{name}.class"), f"{name} has no {text!r}"
    # And a text without the variables of its format is in each that is asked for.
    written = [re.sub(r"'?\{\}'?", "", text) for text in TEXTS]
    for words in WORDS:
        assert any(words.partition(" SchemaChangeEvent")[0].rstrip() in text for text in written), words


def test_the_shipped_classes_have_the_texts_of_a_snapshot_too(tools: toolchain.Toolchain):
    plugin = tools.connect_home / "plugins" / "debezium-connector-oracle"
    (jar,) = plugin.glob("debezium-connector-common-*.jar")
    with zipfile.ZipFile(jar) as classes:
        for text, name in SNAPSHOT_TEXTS.items():
            assert text.encode() in classes.read(f"io/debezium/{name}.class"), f"{name} has no {text!r}"
    for words in SNAPSHOT_WORDS:
        assert any(text.replace("'{}'", "'BLOCKING'", 1).startswith(words) for text in SNAPSHOT_TEXTS), words


def test_each_statement_leaves_the_line_that_is_read_and_no_other_does(tools: toolchain.Toolchain):
    home = tools.connect_home
    command = [
        str(tools.java),
        f"-Dlog4j2.configurationFile={toolchain.IMAGE / 'conf' / 'log4j2.xml'}",
        "-cp",
        f"{home / 'plugins' / 'debezium-connector-oracle'}/*:{home / 'libs'}/*",
        str(_SOURCE),
    ]
    done = subprocess.run(
        command,
        input="".join(f"{statement}\n" for statement in STATEMENTS),
        env={**tools.environment(), "CONNECT_LOG_MASK": "unused-mask"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    *parts, rest = done.stdout.split("--\n")
    assert rest == ""
    kept, *_ = parts[0].partition("kept at INFO")
    assert "kept at WARN" in kept
    assert "noise" not in done.stdout
    found = dict(zip(STATEMENTS, [_found(part) for part in parts], strict=True))
    assert found == STATEMENTS


def _found(part: str) -> Seen | None:
    """The only skip that the lines about one statement tell of."""
    seen = {skip for line in part.splitlines() if (skip := skip_in(line)) is not None}
    assert len(seen) < 2
    return seen.pop() if seen else None
