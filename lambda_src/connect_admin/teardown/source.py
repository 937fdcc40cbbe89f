"""TEARDOWN_SOURCE: nothing of the stage is left in the source database.

Oracle keeps nothing of a connector: LogMiner's session ends with it. PostgreSQL, the stand-in, keeps a slot,
which holds back the log for ever, and a publication.
"""

from connector.domain.admin_api import Answer, State
from connector.domain.secrets.database import Engine
from connector.domain.stage.aws_names import PROJECT
from connector.domain.stage.teardown import EphemeralStage
from lambda_src.clients import postgres
from lambda_src.connect_admin.teardown.guard import ephemeral, taken_over
from lambda_src.session import Session


def teardown_source(session: Session) -> Answer:
    """Drop slot and publication; wait for a slot that is still in use."""
    stage = ephemeral(session)
    taken = taken_over(session)
    if taken is not None:
        return taken
    if session.database.engine is not Engine.POSTGRES:
        return Answer(State.DONE, "the source database keeps nothing of a connector")
    name = slot(stage)
    details = {"slot": name, "by_hand": by_hand(name)}
    database = session.database
    seconds = session.deadline.timeout("the source database", at_most=8)
    with postgres.PostgresSession(
        database.host,
        database.port,
        database=database.dbname or "",
        user=database.user,
        password=database.password,
        seconds=seconds,
    ) as source:
        dropped = _drop(source, name)
        if source.run(f"SELECT 1 FROM pg_replication_slots WHERE slot_name = {postgres.literal(name)}"):  # noqa: S608
            return Answer(State.WAITING, f"replication slot {name} is still in use", dropped, details)
    message = "are dropped" if dropped else "do not exist"
    return Answer(State.DONE, f"replication slot and publication {name} {message}", dropped, details)


def slot(stage: EphemeralStage) -> str:
    """Name of the stage's slot and publication."""
    name = stage.stage.names.replication_slot
    if name == PROJECT or not name.startswith(f"{PROJECT}_"):
        raise ValueError(f"{name!r} is not a stage's replication slot")
    return name


def by_hand(name: str) -> str:
    """What a DBA runs where this function cannot."""
    return (
        f"SELECT pg_drop_replication_slot({postgres.literal(name)}); "
        f"DROP PUBLICATION IF EXISTS {postgres.identifier(name)};"
    )


def _drop(source: postgres.PostgresSession, name: str) -> bool:
    text = postgres.literal(name)
    gone = source.run(
        f"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "  # noqa: S608 - quoted above
        f"WHERE slot_name = {text} AND NOT active"
    )
    there = source.run(f"SELECT 1 FROM pg_publication WHERE pubname = {text}")  # noqa: S608
    if there:
        source.run(f"DROP PUBLICATION IF EXISTS {postgres.identifier(name)}")
    return bool(gone or there)
