"""The findings and the mail about skipped changes."""

from dataclasses import replace

import pytest

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.check_result import result
from connector.domain.health.error_classes import SKIPPED
from connector.domain.health.mail_context import MailContext
from connector.domain.health.observation import Observation
from connector.domain.health.scn import Position, ScnMemory
from connector.domain.health.skipped_changes import SkippedChanges
from connector.domain.health.skipped_findings import NAME, skipped_findings, without_standing
from connector.domain.health.skipped_lines import Skip
from connector.domain.health.skipped_mail import skipped_mail
from connector.domain.health.snapshot_lines import CAPTURED
from connector.domain.stage.stage import Stage
from tests.support import silent_lines as lines

TABLE = "WMS.PLAN_BASE_WVR_TBL"
MAIN = Stage.parse("main")
AT = 1_767_323_045_000
TOLD = {
    Skip.UNSUPPORTED: lines.unsupported(TABLE, 2000123),
    Skip.TRUNCATED: lines.truncated(TABLE, 2000124),
    Skip.DROPPED: lines.dropped(TABLE),
    Skip.HIDDEN: lines.gone(TABLE),
    Skip.UNLOGGED: lines.not_logged(TABLE),
    Skip.OMITTED: lines.reading(*(table for table in CAPTURED if table != TABLE)),
    Skip.ABORTED: "\n".join((lines.requested(TABLE), lines.aborted())),
}
#: All at once: of one table its drop is told, and not that it is not visible any more.
TOGETHER = {**TOLD, Skip.HIDDEN: lines.gone("MMDL.PLAN_BASE_WVR_TBL")}
OWNERS = {
    Skip.UNSUPPORTED: "database",
    Skip.TRUNCATED: "wms",
    Skip.DROPPED: "wms",
    Skip.HIDDEN: "database",
    Skip.UNLOGGED: "database",
    Skip.OMITTED: "database",
    Skip.ABORTED: "us",
}
#: What each mail has to say beside the class's words.
SAYS = {
    Skip.UNSUPPORTED: (f"wms-connector snapshot main --table {TABLE}", "SCN 2000123"),
    Skip.TRUNCATED: (f"wms-connector acknowledge main --table {TABLE}", "SCN 2000124"),
    Skip.DROPPED: ("wms-connector oracle-script main",),
    Skip.HIDDEN: ("wms-connector oracle-script main", "SELECT right"),
    Skip.UNLOGGED: (f"ALTER TABLE {TABLE} ADD SUPPLEMENTAL LOG DATA (ALL) COLUMNS",),
    Skip.OMITTED: ("wms-connector oracle-script main", "left it out"),
    Skip.ABORTED: (f"wms-connector snapshot main --table {TABLE}",),
}


def known(*told: str) -> SkippedChanges:
    given = "\n".join(told).splitlines()
    return SkippedChanges().with_lines([(AT + n, line) for n, line in enumerate(given)], AT + 1000)


def test_every_way_has_a_class_of_its_name_which_no_restart_fixes():
    assert [cause.name for cause in SKIPPED] == [kind.value for kind in Skip]
    assert not any(cause.retry for cause in SKIPPED)


@pytest.mark.parametrize("kind", TOLD)
def test_a_finding_names_table_time_owner_and_next_step(kind: Skip):
    (finding,) = skipped_findings(Observation(skipped=known(TOLD[kind])))
    assert (finding.name, finding.ok, finding.value) == (NAME, False, 1)
    assert finding.reason.startswith(f"{TABLE}: ")
    assert "2026-01-02 03:04 UTC" in finding.reason
    shown = result(finding, MAIN)
    assert (shown.error_class, shown.owner) == (kind.value, OWNERS[kind])
    assert any(how in shown.next_step for how in ("acknowledge", "ends this finding"))
    assert "docs/operations.md#changesskipped" in shown.next_step


@pytest.mark.parametrize("kind", TOLD)
def test_the_mail_says_what_somebody_has_to_know(kind: Skip):
    entries = known(TOLD[kind]).unmailed
    mail = skipped_mail(MailContext(MAIN), entries, AT / 1000)
    assert mail.subject == f"wms-connector-main: ChangesSkipped ({kind.value}) {TABLE}"
    for words in (f"Table:        {TABLE}", f"Owner:        {OWNERS[kind]}", *SAYS[kind]):
        assert words in mail.text
    assert f"wms-connector acknowledge main --table {TABLE}" in mail.text
    assert "BIN$" not in mail.text


def test_a_database_that_was_set_back_is_told_with_both_positions_and_of_no_table():
    known = SkippedChanges().with_position(Position(900), ScnMemory(), [(1.0, 700)], AT / 1000)
    (finding,) = skipped_findings(Observation(skipped=known))
    assert "SCN 700 was behind 900" in finding.reason
    shown = result(finding, MAIN)
    assert (shown.error_class, shown.owner) == ("database-restored", "database")
    mail = skipped_mail(MailContext(MAIN), known.unmailed, AT / 1000)
    assert mail.subject == "wms-connector-main: ChangesSkipped (database-restored) all captured tables"
    assert "Acknowledge:  wms-connector acknowledge main\n" in mail.text
    assert "let them decide on a new snapshot" in mail.text
    assert "--table" not in mail.text


def test_all_ways_are_in_one_mail():
    mail = skipped_mail(MailContext(MAIN), known(*TOGETHER.values()).unmailed, AT / 1000)
    assert mail.text.count("Owner:") == len(TOGETHER)
    assert len(mail.subject) <= 100


def test_without_a_skip_the_metric_is_0_and_unknown_where_nothing_was_read():
    (finding,) = skipped_findings(Observation(skipped=SkippedChanges()))
    assert (finding.ok, finding.value) == (True, 0)
    assert skipped_findings(Observation()) == []


def test_a_log_that_nobody_could_read_is_not_taken_for_nothing_skipped():
    clear = SkippedChanges().with_lines([], AT)
    (finding,) = skipped_findings(Observation(skipped=clear, log_unread=True))
    assert finding.ok is None
    assert finding.reason.endswith("what was skipped since 2026-01-02 03:04 UTC")
    found = skipped_findings(Observation(skipped=known(TOLD[Skip.DROPPED]), log_unread=True))
    assert [finding.ok for finding in found] == [False]


def test_the_metric_counts_what_is_open():
    found = skipped_findings(Observation(skipped=known(*TOGETHER.values()).acknowledge(["WMS.ELSE"])))
    assert [finding.value for finding in found] == [float(len(TOGETHER))] * len(TOGETHER)
    assert without_standing(found) == ()


def test_a_jdbc_connector_has_no_such_findings():
    from connector.domain.health.verdict import decide  # noqa: PLC0415

    seen = replace(Observation(), skipped=None)
    names = {f.name for f in decide(seen, ConnectorSettings(kind="jdbc"), AT / 1000).results}
    assert NAME not in names
