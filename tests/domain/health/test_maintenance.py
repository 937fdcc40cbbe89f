"""A maintenance window: when it is refused, what it keeps, and what its summary says."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.capture.settings import ConnectorSettings
from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.errors import OperatorError
from connector.domain.health.error_classes import ARCHIVED_LOG_EXPIRING, OBSERVED, named
from connector.domain.health.finding import Finding
from connector.domain.health.halt import Halt, HaltedBy
from connector.domain.health.mail import incident_mail
from connector.domain.health.mail_context import MailContext
from connector.domain.health.maintenance import refusal, summary_mail
from connector.domain.health.maintenance_window import MOST_SECONDS, HeldMail, Window, WindowRequest
from connector.domain.health.observation import Observation
from connector.domain.health.remediation import Action
from connector.domain.health.scn import Position, Reading, ScnMemory
from connector.domain.health.state import HealthState
from connector.domain.health.verdict import Verdict, decide
from connector.domain.stage.stage import Stage
from tests.support.observations import NOW, WELL, observations

HOUR = 3600
MAIN = MailContext(Stage.parse("main"))
WINDOW = Window(int(NOW) - HOUR, int(NOW), "the DBA patches", "user/alice")
#: The database had SCN 100 an hour ago, and the connector stands there.
BEHIND = replace(
    WELL,
    position=Position(105),
    health_state=HealthState(scn=ScnMemory((Reading(100, int(NOW) - HOUR, int(NOW) - HOUR),))),
    scn_sightings=((NOW - 2, 900), (NOW - 1, 901)),
)
#: The connector has read all.
THERE = replace(BEHIND, position=Position(901))


def kept(hours: int) -> ConnectorSettings:
    return ConnectorSettings(archived_log_hours=hours)


@pytest.mark.parametrize(
    ("seen", "hours", "words"),
    [
        (
            THERE,
            3,
            "log for 3 h (connector.archived_log_hours), less than the window of 4 h: choose",
        ),
        (THERE, 0, "how long the database keeps its archived log is not known"),
        (WELL, 24, "for how long the log stays that the connector has not read is not known"),
        (BEHIND, 4, "the log that the connector has not read stays for 1"),
    ],
    ids=["kept for less", "not known", "the position's age is not known", "the connector is behind"],
)
def test_a_window_in_which_changes_may_be_lost_is_refused_with_the_reason(
    seen: Observation, hours: int, words: str
):
    reason = refusal(seen, kept(hours), 4 * HOUR, NOW)
    assert reason is not None
    assert words in reason
    assert "\n" not in reason


@pytest.mark.parametrize(
    ("seen", "settings"),
    [
        (THERE, kept(5)),
        (BEHIND, kept(6)),
        (replace(WELL, position=Position(begins_again=True)), kept(4)),
        (WELL, ConnectorSettings(kind="jdbc")),
    ],
    ids=["the log is kept", "although the connector is behind", "nothing was read yet", "no log is read"],
)
def test_a_window_in_which_nothing_can_be_lost_is_not(seen: Observation, settings: ConnectorSettings):
    assert refusal(seen, settings, 4 * HOUR, NOW) is None


@given(observations, st.integers(0, 48), st.integers(60, MOST_SECONDS))
def test_no_window_is_longer_than_the_database_keeps_its_log(seen: Observation, hours: int, seconds: int):
    if refusal(seen, kept(hours), seconds, NOW) is None:
        assert 0 < seconds <= hours * HOUR


texts = st.text(max_size=300)
mails = st.builds(HeldMail, st.integers(0, 2**40), texts, texts)
windows = st.builds(
    Window,
    st.integers(1, 2**40),
    st.integers(1, 2**40),
    texts,
    texts,
    halted_at=st.integers(0, 2**40),
    halt_why=texts,
    resumed_at=st.integers(0, 2**40),
    halt_error=texts,
    closing=st.booleans(),
    held=st.lists(mails, max_size=3).map(tuple),
    not_kept=st.integers(0, 9),
    number=st.integers(1, 2**40),
)


@given(windows)
def test_a_window_is_stored_and_read_again(window: Window):
    assert Window.from_item(window.to_item()) == window


@given(st.sampled_from(sorted(WINDOW.next().to_item())), st.sampled_from([None, "x", [[1]], {}]))
def test_a_damaged_item_is_no_window_or_the_same_one(field: str, value: object):
    found = Window.from_item({**WINDOW.next().to_item(), field: value})
    assert found.number in (0, 1)
    if found.since and field in ("since", "until", "halted_at", "held"):
        assert found.since == WINDOW.since


@given(
    st.lists(st.builds(HeldMail, st.just(0), st.text(max_size=9), texts.map(lambda t: t * 40)), max_size=30)
)
def test_what_is_kept_of_held_mails_has_a_limit_and_each_is_counted(held: list[HeldMail]):
    window = WINDOW
    for mail in held:
        window = window.with_mail(mail)
    assert len(window.held) + window.not_kept == len(held)
    assert len(str(window.to_item()["held"]).encode()) < 400_000


def test_mails_are_held_until_the_check_that_ends_the_window_and_not_for_ever():
    assert [WINDOW.open(NOW + s) for s in (-1, 0)] == [True, False]
    assert [WINDOW.over(NOW + s) for s in (-1, 0, 10**6)] == [False, True, True]
    assert [WINDOW.holds_mails(NOW + s) for s in (-1, 0, 1799, 1800)] == [True, True, True, False]
    none = Window()
    assert (none.open(NOW), none.over(NOW), none.holds_mails(0)) == (False, False, False)


def test_only_its_own_halt_is_ended_by_a_window():
    window = replace(WINDOW, halted_at=5, halt_why="w")
    ours = Halt(HaltedBy.OPERATOR, 5, "w")
    assert window.halts(replace(ours, reminded_at=9, number=7))
    changes: list[dict[str, Any]] = [{"by": HaltedBy.LOGIN}, {"at": 6}, {"why": "x"}, {"remind_at": 9}]
    for change in changes:
        assert not window.halts(replace(ours, **change))
    assert not WINDOW.halts(Halt(HaltedBy.OPERATOR, 0, ""))


@pytest.mark.parametrize("seconds", [0, -1, MOST_SECONDS + 1, True, "3600", None, 1.5])
def test_a_length_that_is_none_is_refused(seconds: object):
    with pytest.raises(OperatorError, match="is not allowed: at most 3 days"):
        WindowRequest.from_payload({"seconds": seconds})


def test_a_request_is_sent_and_read_again():
    wanted = WindowRequest(60, "user/alice", pause=True)
    assert WindowRequest.from_payload(wanted.to_payload()) == wanted
    assert WindowRequest.from_payload(None) is None
    with pytest.raises(OperatorError, match="who opens the window"):
        WindowRequest.from_payload({"seconds": 60, "by": "two\nlines"})


@pytest.mark.parametrize("cause", OBSERVED, ids=lambda cause: cause.name)
def test_a_mail_is_urgent_only_if_changes_are_lost_while_it_waits(cause: ErrorClass):
    finding = Finding.failed("ScnHeadroomMinutes", "made up", cause)
    mail = incident_mail(MAIN, Verdict((finding,)), HealthState(), None, NOW)
    assert mail.urgent == (cause is ARCHIVED_LOG_EXPIRING)


def test_a_lost_log_is_urgent_and_a_refused_login_is_not():
    for name, urgent in (("log missing", True), ("login", False)):
        finding = Finding.failed("ConnectorTaskFailed", "made up", named(name))
        assert finding.cause is not None
        assert finding.cause.name == name
        assert incident_mail(MAIN, Verdict((finding,)), HealthState(), None, NOW).urgent == urgent


def test_a_window_shows_and_is_no_problem():
    seen = replace(WELL, maintenance=replace(WINDOW, until=int(NOW) + 60))
    verdict = decide(seen, ConnectorSettings(), NOW)
    (found,) = [each for each in verdict.results if each.name == "MaintenanceOpen"]
    assert (found.ok, verdict.metrics["MaintenanceOpen"], verdict.findings) == (True, 1, ())
    assert found.summary.startswith("open until 2027-01-15 08:01 UTC by user/alice: the DBA patches; 0 mails")
    assert decide(WELL, ConnectorSettings(), NOW).metrics["MaintenanceOpen"] == 0


@given(observations, st.sampled_from(["debezium", "jdbc"]))
def test_nothing_is_restarted_in_a_window_and_a_refused_login_stops_all_the_same(
    seen: Observation, kind: str
):
    held = replace(seen, maintenance=replace(WINDOW, until=int(NOW) + 60))
    settings = ConnectorSettings(kind=kind)
    found, usual = (decide(each, settings, NOW).remediation for each in (held, seen))
    assert found.action in (Action.NOTHING, Action.STOP)
    if usual.action is Action.STOP:
        assert found == usual
    if usual.action in (Action.RESTART, Action.REGISTER):
        assert found.withheld.startswith("a maintenance window is open until ")
    assert not found.healing


def test_the_summary_says_how_the_stage_is_and_what_was_held():
    window = replace(WINDOW, held=(HeldMail(int(NOW) - 60, "main: TaskStopped (worker)", "its text"),))
    mail = summary_mail(MAIN, replace(window, not_kept=2), WELL, Verdict(), NOW)
    assert mail.subject == "wms-connector-main: maintenance ended (all is well)"
    for words in (
        "Window:       2027-01-15 07:00 UTC to 2027-01-15 08:00 UTC",
        "Opened by:    user/alice",
        "Why:          the DBA patches",
        "Connector:    not stopped for the window",
        "Mails that were held: 3",
        "2027-01-15 07:59 UTC  main: TaskStopped (worker)",
        "and 2 more, which were not kept",
        "its text",
        "docs/operations.md#maintenanceopen",
    ):
        assert words in mail.text
    finding = Finding.failed("DbTcpUnreachable", "refused", named("unreachable"))
    worse = summary_mail(MAIN, window, WELL, Verdict((finding,)), NOW)
    assert worse.subject == "wms-connector-main: maintenance ended (1 problem)"
    assert "To do:        database: refused (class unreachable, owner network); next: " in worse.text


@pytest.mark.parametrize(
    ("changes", "rest", "words"),
    [
        ({"resumed_at": int(NOW)}, "", "stopped for the window, resumed 2027-01-15 08:00 UTC"),
        ({"halt_error": "no"}, "r", "and could not be resumed: no; wms-connector resume main"),
        (
            {},
            "it is PAUSED",
            "has changed that, so it stays: it is PAUSED; wms-connector resume main",
        ),
        ({}, "", "somebody has started it since, it is RUNNING"),
    ],
)
def test_the_summary_tells_what_became_of_a_stopped_connector(changes: dict[str, Any], rest: str, words: str):
    window = replace(WINDOW, halted_at=1, **changes)
    assert words in summary_mail(MAIN, window, WELL, Verdict(rest=rest), NOW).text
