"""TRY: before workers that stream are replaced, try the database with what new ones would get.

The brokers were tried by the operation before this one, by the function's own login.
"""

import time
from collections.abc import Mapping

from connector.domain.admin_api import Answer, State
from connector.domain.capture.config import CLASS_KEY
from connector.domain.health.refused import RefusedVersion, rotate_again
from connector.domain.health.refused_login import SECRET_OF
from connector.domain.secrets.secrets import DB_INFO
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.record import StageRecord
from lambda_src.clients.state_table import read_record, remember_refused
from lambda_src.connect_admin.registration.verify import verify
from lambda_src.connect_admin.rotation.attempt import Attempt, closed_port, try_database
from lambda_src.session import Session

#: How the keys begin that say where the database is and who logs in, for either kind of connector.
_ADDRESS = ("database.", "connection.")
_FIRST_ACT = "the login is tried by the new worker, once"


def try_first(session: Session) -> Answer:
    """Refuse what would be refused to new workers. Makes at most one login, through a worker that streams."""
    session.know_confidential()
    if session.environment.settings.state != "running":
        return Answer(State.DONE, "nothing is tried: the connector is to rest, so nobody logs in")
    record = read_record(session.aws.table(session.environment.table))
    if record is None or not record.cluster_id:
        return _ports(session, "the stage was never registered, so nothing streams that could stop")
    seen = verify(session)
    if seen.state is not State.DONE or "rest" in seen.details:
        return _ports(session, f"no worker streams that could try a login ({seen.summary})")
    before = session.with_versions(record.secret_versions)
    tried = try_database(session, before, time.time, _config(session))
    if tried.accepted:
        return Answer(State.DONE, f"the database {session.database_address} accepts login and config")
    if tried.later:
        return Answer(State.WAITING, tried.reason)
    return _refused(session, record, tried)


def _config(session: Session) -> Mapping[str, str]:
    """What the workers have, with the addresses that new ones would get.

    The rest of a new config is for the new workers' plugin, which may be another one.
    """
    stored = session.connect().config(CONNECTOR) or {}
    address = {key: value for key, value in session.config.items() if key.startswith(_ADDRESS)}
    same_kind = stored.get(CLASS_KEY) == session.config[CLASS_KEY]
    return {**stored, **address} if same_kind else stored


def _ports(session: Session, why: str) -> Answer:
    """Without a worker only names and ports can be tried."""
    closed = closed_port(session)
    if closed:
        reason = f"the database at {session.database_address} does not accept connections: {closed}"
        return Answer(State.WAITING, f"{reason}; {why}")
    return Answer(State.DONE, f"the database's port accepts connections; {why}: {_FIRST_ACT}")


def _refused(session: Session, record: StageRecord, tried: Attempt) -> Answer:
    """Remember a refused login, so that nothing tries it again."""
    stored = session.stored(DB_INFO)
    if SECRET_OF.get(tried.error_class) == DB_INFO:
        found = RefusedVersion(stored.path, stored.version, tried.error_class, int(time.time()))
        remember_refused(session.aws.table(session.environment.table), [found])
    newer = record.secret_versions.get(stored.path) != stored.version
    secret = f"secret {stored.path}{', which is newer than what the workers have' if newer else ''}"
    step = f"; {rotate_again(session.stage)}" if newer and tried.error_class in SECRET_OF else ""
    return Answer(State.FAILED, f"{tried.reason} ({secret}); the workers go on with what they have{step}")
