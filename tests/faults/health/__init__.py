"""What the health check makes of real faults of a stage on the local world.

The stage is launched as a user launches it, with rights enforced. The checks are those of the deployed
function, called with the event of its schedule; the schedule itself and the check after a failed task are off
meanwhile, so that no check comes in between. What the topic delivers is read from a queue that is subscribed
to it. What is shortened: the restart budget's time, in the one fault that spends it, the wait between two
checks, and grace times, which are set back in the state.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from connector.local.state import ROOT
from connector.local.world import World
from tests.faults.health import (
    connector_faults,
    database_faults,
    table_faults,
    watcher_faults,
    worker_faults,
)
from tests.faults.health.silent_faults import SILENT_FAULTS
from tests.faults.health.watched_stage import WatchedStage
from tests.faults.report import Fault, Row
from tests.support.sceptre_cli import sceptre
from tests.support.stage_under_test import MAIN

#: Name -> the fault, and what it is.
FAULTS: Mapping[str, tuple[Callable[[WatchedStage], Row], str]] = {
    "connector-failed": (connector_faults.connector_failed, "the connector's settings let it not start"),
    "task-fails-again": (connector_faults.task_fails_again, "the task fails at every start"),
    "task-failed": (connector_faults.task_failed, "the task's producer is fenced by another"),
    "connector-deleted": (connector_faults.connector_deleted, "somebody deletes the connector"),
    "connector-paused": (connector_faults.connector_paused, "a person pauses the connector"),
    "worker-killed": (worker_faults.worker_killed, "SIGKILL for the worker"),
    "worker-keeps-stopping": (worker_faults.worker_keeps_stopping, "SIGKILL for each new worker"),
    "worker-hung": (worker_faults.worker_hung, "SIGSTOP for the worker"),
    "no-worker-wanted": (worker_faults.no_worker_wanted, "the service's desired count is 0"),
    "broker-down": (worker_faults.brokers_down, "the broker is down for two checks"),
    "database-down": (database_faults.database_down, "the database is down for two checks"),
    "source-disconnected": (database_faults.source_disconnected, "the database takes no sessions"),
    "password-changed": (database_faults.password_changed, "the connector's password is changed"),
    "table-dropped-in-snapshot": (
        database_faults.table_dropped_in_snapshot,
        "a table is dropped while it is snapshotted",
    ),
    **SILENT_FAULTS,
    "table-dropped-and-asked-for": (
        table_faults.table_dropped_with_heartbeat_table,
        "a table is dropped at a stage with a heartbeat table",
    ),
    "lag": (database_faults.lag, "changes arrive 20 minutes late"),
    "long-transaction": (database_faults.long_transaction, "a transaction that was open for long commits"),
    "lambda-fails": (watcher_faults.function_fails, "the health check's function fails"),
    "secret-unreadable": (watcher_faults.secret_unreadable, "a secret is no JSON"),
    "stage-retiring": (connector_faults.stage_retiring, "the connector goes while the stage is torn down"),
}


@contextmanager
def testbed() -> Iterator[Sequence[Fault]]:
    """A world with the stage launched, and its faults."""
    with launched("faults-health") as world, faults(world) as found:
        yield found


@contextmanager
def launched(name: str) -> Iterator[World]:
    """A world of that name with the stage launched; it is taken down afterwards."""
    with World.up(ROOT / ".local" / name, enforce_iam=True) as world:
        try:
            world.database.seed()
            for target in ("foundation", MAIN.name):
                run = sceptre(world.env(), "launch", target, "--yes")
                assert run.status == 0, run.output
            yield world
        finally:
            # What a run that was killed had left goes, too.
            world.down()


@contextmanager
def faults(world: World) -> Iterator[Sequence[Fault]]:
    """The faults of a world in which the stage is launched. No check of its own comes in between."""
    under_test = WatchedStage(world)
    try:
        with under_test.without_checks():
            yield [Fault(name, title, partial(fault, under_test)) for name, (fault, title) in FAULTS.items()]
    finally:
        under_test.mailbox.close()
