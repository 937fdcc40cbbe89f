"""ROTATE_CHECK, ROTATE: what an operator asks about a rotation."""

from collections.abc import Mapping
from typing import Any

from connector.domain.admin_api import Answer, State
from connector.domain.health.rotation_state import Rotation
from connector.domain.secrets.rotation import Meaning, RotationPlan
from lambda_src.clients.state_table import read_record, read_refused, read_rotation
from lambda_src.connect_admin.registration.verify import verify
from lambda_src.connect_admin.rotation.look import look
from lambda_src.connect_admin.rotation.steps import NEVER_REGISTERED, UNCHANGED, step
from lambda_src.session import Session


def rotate_check(session: Session) -> Answer:
    """What would happen now: which secrets changed, and what that means. No login is tried."""
    table = session.aws.table(session.environment.table)
    record, rotation = read_record(table), read_rotation(table)
    if record is None:
        return Answer(State.FAILED, NEVER_REGISTERED)
    found = look(session, record, read_refused(table), rotation)
    summary = "; ".join(filter(None, [rotation.describe(), found.describe()]))
    return Answer(State.DONE, summary, details=_details(found, rotation))


def rotate(session: Session) -> Answer:
    """One step; DONE only if the connector streams with the secrets as they are now."""
    answer = step(session, told=True)
    if answer.state is not State.DONE:
        return answer
    if answer.summary == UNCHANGED:
        seen = verify(session)
        return Answer(seen.state, f"{UNCHANGED}; {seen.summary}", details=seen.details)
    return _unmet(session.anew(), answer) or answer


def _unmet(session: Session, done: Answer) -> Answer | None:
    """What differs from the record although a rotation is done: workers may only have caught up with it."""
    table = session.aws.table(session.environment.table)
    record, rotation = read_record(table), read_rotation(table)
    found = RotationPlan() if record is None else look(session, record, read_refused(table), rotation)
    if not found.changed:
        return None
    told = found if found.blocked is None else found.blocked
    state = State.WAITING if found.blocked is None and found.of(Meaning.TRY) else State.FAILED
    return Answer(state, f"{told.describe()}; {done.summary}", changed=done.changed)


def _details(found: RotationPlan, rotation: Rotation) -> Mapping[str, Any]:
    return {
        "changes": [
            {
                "secret": each.name,
                "path": each.path,
                "version": each.version,
                "change": each.change.value,
                "meaning": each.meaning.value,
                "reason": each.reason,
            }
            for each in found.changed
        ],
        "under_way": rotation.describe(),
        "last": {"ending": rotation.ending.value, "at": rotation.ended, "reason": rotation.reason},
    }
