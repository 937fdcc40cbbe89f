"""Every class reports what to do next, whether a text tells of it or it is seen from outside."""

import pytest

from connector.domain.diagnosis.classes import ERROR_CLASSES, UNKNOWN
from connector.domain.diagnosis.error_class import ErrorClass
from connector.domain.health.error_classes import OBSERVED, named
from connector.domain.stage.stage import Stage


@pytest.mark.parametrize("found", [*ERROR_CLASSES, UNKNOWN, *OBSERVED], ids=lambda c: c.name)
def test_every_class_reports_what_to_type_next(found: object) -> None:
    assert isinstance(found, type(UNKNOWN))
    for stage in ("main", "feature-x"):
        command = found.command_for(Stage.parse(stage))
        assert stage in command
        assert "{" not in command
        assert command.split()[0] in ("sceptre", "wms-connector", "aws")
    if command.startswith("sceptre"):
        assert " ephemeral/feature-x " in command
    assert not found.meaning.endswith(".")
    assert not found.next_step.endswith(".")
    assert named(found.name) is found


@pytest.mark.parametrize("found", ERROR_CLASSES, ids=lambda c: c.name)
def test_a_step_that_reads_the_workers_log_has_its_command(found: ErrorClass) -> None:
    """A config on the screen does not help whoever is to find a statement in the log."""
    if found.name in ("DDL", "schema history") or "worker's log has" in found.next_step:
        assert found.command == "wms-connector logs {stage} --errors --since 1h"
