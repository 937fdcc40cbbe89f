"""A worker's health is judged by its task definition's check; its log is searched for the cause."""

from pathlib import Path

import pytest

from connector.local.health import ContainerProbe, HealthCheck, cause, watch


class Scripted(ContainerProbe):
    """A probe whose answers are given."""

    answers_given: list[bool]

    def answers(self) -> bool:
        return True

    def passes(self) -> bool:
        return self.answers_given.pop(0)


def scripted(answers: list[bool], **check: int) -> ContainerProbe:
    probe = Scripted(HealthCheck((), **check), "http://127.0.0.1:1/", {}, Path("/"), "/opt/connect")
    object.__setattr__(probe, "answers_given", answers)
    return probe


def followed(answers: list[bool], **check: int) -> list[bool]:
    """What `watch` reports while the process runs as long as there are answers."""
    reports: list[bool] = []
    probe = scripted(answers, **check)
    watch(probe, running=lambda: bool(answers), sleep=lambda _: None, report=reports.append)
    return reports


def test_health_is_reported_once_and_a_single_failure_is_forgiven():
    assert followed([False, True, False, True, False, True, True], retries=2) == [True]


def test_lost_health_is_reported_after_the_given_number_of_failures():
    assert followed([True, False, False, False, True], retries=3) == [True, False]


def test_a_worker_that_never_becomes_healthy_is_reported():
    assert followed([False] * 5, start_period=0, retries=0) == [False]


def test_a_worker_that_ends_while_starting_is_not_reported_as_unhealthy():
    assert followed([False, False]) == []


@pytest.mark.parametrize(
    ("command", "healthy"),
    [
        (("CMD-SHELL", "test -d $CONNECT_TMP"), True),
        (("CMD-SHELL", "exit 1"), False),
        (("CMD", "/opt/connect/check"), True),
        (("CMD", "/opt/connect/absent"), False),
        (("CMD-SHELL", "sleep 5"), False),
        (("NONE",), False),
    ],
)
def test_the_definitions_own_command_decides(tmp_path: Path, command: tuple[str, ...], healthy: bool):
    """The image's paths stand for the assembled directory's."""
    (tmp_path / "check").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "check").chmod(0o755)
    environment = {"PATH": "/usr/bin:/bin", "CONNECT_TMP": str(tmp_path)}
    probe = ContainerProbe(
        HealthCheck(command, timeout=1), "http://127.0.0.1:1/", environment, tmp_path, "/opt/connect"
    )
    assert probe.passes() is healthy


def test_the_definition_is_read_with_the_defaults_of_ecs():
    assert HealthCheck.from_api(None) == HealthCheck()
    read = HealthCheck.from_api({"command": ["CMD", "x"], "interval": 15})
    assert (read.command, read.interval, read.timeout, read.retries, read.start_period) == (
        ("CMD", "x"),
        15,
        5,
        3,
        0,
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("INFO a\nERROR first\nERROR second\nINFO leaving\n", "ERROR second"),
        (
            "Exception in thread main: java.lang.X: no\n\tat a.b.C\n",
            "Exception in thread main: java.lang.X: no",
        ),
        ("one\ntwo\n\n", "two"),
        ("", ""),
    ],
)
def test_the_cause_is_the_last_line_that_speaks_of_an_error(tmp_path: Path, text: str, found: str):
    (tmp_path / "log").write_text(text, encoding="utf-8")
    assert cause(tmp_path / "log") == found


def test_no_log_has_no_cause(tmp_path: Path):
    assert cause(tmp_path / "absent") == ""
