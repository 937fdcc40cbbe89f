"""What a refusal says of a stage that no launch has registered: nothing streamed, so nothing stands still."""

from dataclasses import replace

from connector.domain.admin_api import Answer, Operation, State
from connector.domain.errors import WmsError
from connector.domain.stage.aws_names import CONNECTOR
from lambda_src.clients.state_table import read_record
from lambda_src.session import Session

_FIRST = "Nothing streamed before: the stage was never registered, so nothing stands still"
#: The steps of a launch that may be refused before there is a connector.
_STEPS = (Operation.VALIDATE, Operation.REGISTER)
#: How long Connect may take to say whether there is one, in seconds.
_SECONDS = 5.0


def told(operation: Operation, session: Session, answer: Answer) -> Answer:
    """The answer; a refusal of a first launch says too that nothing streamed before."""
    if operation not in _STEPS or answer.state is not State.FAILED or not _nothing_streamed(session):
        return answer
    return replace(answer, summary=f"{answer.summary}. {_FIRST}")


def _nothing_streamed(session: Session) -> bool:
    """Whether that is certain: a connector may live though its record was lost, or never written."""
    try:
        record = read_record(session.aws.table(session.environment.table))
        if record is not None and record.cluster_id:
            return False
        return session.connect(_SECONDS).config(CONNECTOR) is None
    except WmsError:
        return False
