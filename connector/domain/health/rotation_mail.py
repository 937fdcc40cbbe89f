"""The mail of a rotation that failed: one for each, because nothing is tried again. Pure."""

from connector.domain.health.alarm import RUNBOOK
from connector.domain.health.error_classes import named
from connector.domain.health.mail import Mail, subject
from connector.domain.health.metrics import SECRET_CHANGED
from connector.domain.health.moments import moment
from connector.domain.health.rotation_state import Rotation
from connector.domain.stage.stage import Stage


def rotation_mail(stage: Stage, rotation: Rotation) -> Mail:
    """What somebody needs who has changed a secret, or who finds that somebody has."""
    cause = named(rotation.error_class)
    lines = [
        f"Stage {stage.name}, {moment(rotation.ended)}: a secret has changed, and the workers do not use it.",
        "",
        f"Cause:        {cause.name}: {cause.meaning}",
        f"Last error:   {rotation.reason}",
        "",
        f"Owner:        {cause.owner.value}",
        f"Next step:    {cause.next_step}",
        f"Command:      {cause.command_for(stage)}",
        f"Then:         wms-connector rotate {stage.name}",
        f"Runbook:      {RUNBOOK}#{SECRET_CHANGED.lower()}",
        "",
        "Nothing is tried again with this version, and no further mail follows about it.",
    ]
    return Mail(subject(f"{stage.names.service}: {SECRET_CHANGED} ({cause.name})"), "\n".join(lines))
