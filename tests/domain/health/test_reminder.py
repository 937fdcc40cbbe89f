"""People are reminded of a connector that an operator has halted: after a day, each day, or sooner."""

from dataclasses import replace

import pytest

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.finding import Finding
from connector.domain.health.halt import Halt, HaltedBy
from connector.domain.health.mail_context import MailContext
from connector.domain.health.observation import ConnectorStatus
from connector.domain.health.reminder import DAY, begins_unmarked, is_due, reminder_mail
from connector.domain.health.verdict import Verdict, decide
from connector.domain.stage.stage import Stage
from tests.support.observations import NOW, WELL

HOUR = 3600
PAUSED = replace(WELL, connector=ConnectorStatus("PAUSED", "w"), source=None)
QUIET = Verdict()


def due(halt: Halt, after: float, verdict: Verdict = QUIET) -> bool:
    return is_due(replace(PAUSED, halt=halt), verdict, halt.at + after)


def left(minutes: float) -> Verdict:
    return Verdict((Finding.passed("ScnHeadroomMinutes", "", minutes),))


HALT = Halt(by=HaltedBy.OPERATOR, at=int(NOW))


def test_the_first_mail_comes_after_a_day_and_the_next_a_day_later():
    assert [due(HALT, hours * HOUR) for hours in (0, 23, 24)] == [False, False, True]
    told = replace(HALT, reminded_at=HALT.at + DAY)
    assert [due(told, hours * HOUR) for hours in (25, 47, 48)] == [False, False, True]


def test_an_operator_says_when_the_first_comes():
    early, late = (replace(HALT, remind_at=HALT.at + hours * HOUR) for hours in (2, 72))
    assert [due(early, 2 * HOUR - 1), due(early, 2 * HOUR)] == [False, True]
    assert [due(late, 71 * HOUR), due(late, 72 * HOUR)] == [False, True]


def test_it_comes_sooner_once_while_archived_log_runs_out():
    assert not due(HALT, 3 * HOUR, left(300))
    assert due(HALT, 3 * HOUR, left(239))
    told = replace(HALT, reminded_at=HALT.at + 3 * HOUR)
    assert not due(told, 3 * HOUR + 600, left(229))
    # A mail from before the log was short does not count.
    assert due(replace(HALT, reminded_at=HALT.at + HOUR), 3 * HOUR, left(239))


@pytest.mark.parametrize("by", [HaltedBy.DECLARED, HaltedBy.LOGIN])
def test_what_the_config_says_and_what_has_an_incident_is_not_mailed(by: HaltedBy):
    assert not due(replace(HALT, by=by), 100 * DAY)


def test_a_connector_that_runs_is_not_mailed_whatever_mark_has_stayed():
    assert not is_due(replace(WELL, halt=HALT), QUIET, NOW + 100 * DAY)


def test_a_halt_by_hand_counts_from_when_it_was_seen():
    assert begins_unmarked(PAUSED, NOW)
    assert not begins_unmarked(replace(PAUSED, halt=HALT), NOW)
    assert not begins_unmarked(WELL, NOW)
    # Connect shows the state from before a resume for a while.
    assert not begins_unmarked(replace(PAUSED, halt=Halt(at=int(NOW) - 60)), NOW)


def test_the_mail_says_since_when_why_until_when_and_what_to_type():
    seen = replace(PAUSED, halt=replace(HALT, why="the DBA patches"))
    verdict = decide(seen, ConnectorSettings(archived_log_hours=24), NOW)
    mail = reminder_mail(MailContext(Stage.parse("main")), seen, verdict, NOW + DAY)
    assert mail.subject == "wms-connector-main: ConnectorHalted (paused)"
    for text in (
        "wms-oracle-cdc is PAUSED, and no change reaches the topics",
        "24 hours ago",
        "Why:          the DBA patches",
        "Archived log: not known",
        "Command:      wms-connector resume main",
        "docs/operations.md#connectorhalted",
    ):
        assert text in mail.text
