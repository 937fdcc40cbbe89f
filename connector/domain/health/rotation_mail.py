"""The mail of a rotation that failed: one for each, because nothing is tried again. Pure."""

from connector.domain.diagnosis.error_class import ROTATE
from connector.domain.health.error_classes import named
from connector.domain.health.mail import Mail, subject
from connector.domain.health.mail_context import MailContext
from connector.domain.health.metrics import SECRET_CHANGED
from connector.domain.health.moments import moment
from connector.domain.health.rotation_state import Rotation

_GOES_ON = "nothing is lost: the workers go on with the secret from before, as long as it is accepted"


def rotation_mail(context: MailContext, rotation: Rotation) -> Mail:
    """What somebody needs who has changed a secret, or who finds that somebody has."""
    stage, cause = context.stage, named(rotation.error_class)
    rotate = ROTATE.format(stage=stage.name)
    lines = [
        f"Stage {stage.name}, {moment(rotation.ended)}: a secret has changed, and the workers do not use it.",
        "",
        f"Cause:        {cause.name}: {cause.meaning}",
        f"Last error:   {context.text(rotation.reason)}",
        f"Data:         {cause.data or _GOES_ON}",
        "",
        *context.steps(cause),
        *([] if rotate == cause.command_for(stage) else [f"At last:      {rotate}"]),
        *context.links(SECRET_CHANGED),
        "",
        "Nothing is tried again with this version, and no further mail follows about it.",
    ]
    return Mail(subject(f"{stage.names.service}: {SECRET_CHANGED} ({cause.name})"), "\n".join(lines))
