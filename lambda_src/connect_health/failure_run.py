"""A run for lines of the worker's log that tell of a failed task: a check at once, and a second one.

The first check restarts what a restart may fix; the second one mails if it has not helped. The next check
of the schedule may be minutes away, so the function waits in its run: for less than half a minute, and one
run at a time.
"""

import time

from connector.domain.errors import ServerError
from connector.domain.health.incident import Notification
from connector.domain.health.remediation import HEALING_SECONDS
from connector.domain.health.watch_mark import WATCH_KEY, WatchMark
from lambda_src.clients.state_table import Table, read_item, replace_item
from lambda_src.connect_health.check import CheckAnswer, CheckClients
from lambda_src.connect_health.rotation_run import CHECK_SECONDS, check_run
from lambda_src.runtime.deadline import Clock
from lambda_src.session import Session

#: The line comes before Connect's status: the task first closes what it has open (1.5 s, seen with Debezium
#: 3.6.1.Final on Connect 4.3.1). A check before that would find it RUNNING.
SETTLE_SECONDS = 5.0
#: Between the two checks. The second one counts from when the first one had seen everything.
WAIT_SECONDS = HEALING_SECONDS + 2.0
#: What two checks take at most: after that a run has ended or was killed, and the next one may look.
_HELD_SECONDS = SETTLE_SECONDS + 2 * CHECK_SECONDS + WAIT_SECONDS
#: How often the mark is written at most, while other runs change it.
_ATTEMPTS = 12


def failure_run(
    failed_at: float, session: Session, clients: CheckClients, topic: str, *, clock: Clock = time.time
) -> CheckAnswer:
    """Look twice, and again if the task has failed anew meanwhile. Raises `WmsError` as a check does.

    `failed_at`: the time of the line, in seconds since 1970.
    """
    table = session.aws.table(session.environment.table)
    mark = _claimed(table, clock)
    if mark is None:
        return CheckAnswer("a task has failed: another run looks after it", {}, wrong=False, facts={})
    if (wait := failed_at + SETTLE_SECONDS - clock()) > 0:
        session.deadline.sleep(min(wait, SETTLE_SECONDS))
    while True:
        answer = _looked_twice(session.anew(), clients, topic, clock)
        # Refused if another run has asked meanwhile. What there is no time for, the schedule's check sees.
        if replace_item(table, mark.next(0).to_item()) or session.deadline.left < _HELD_SECONDS:
            return answer
        mark = _claimed(table, clock, again=True) or mark


def _looked_twice(session: Session, clients: CheckClients, topic: str, clock: Clock) -> CheckAnswer:
    answer = check_run(session, clients, topic, clock=clock)
    if answer.facts["notified"] != Notification.NOTHING.value:
        return answer
    session.deadline.sleep(WAIT_SECONDS)
    return check_run(session.anew(), clients, topic, clock=clock)


def _claimed(table: Table, clock: Clock, *, again: bool = False) -> WatchMark | None:
    """The mark that this run has written; None if another run looks, which it has asked to look once more.

    `again`: this run is the one that looks.
    """
    for _ in range(_ATTEMPTS):
        found, now = _read(table), clock()
        held = now < found.until and not again
        written = found.next(found.until if held else int(now + _HELD_SECONDS))
        if replace_item(table, written.to_item(), replaced_version=found.replaced_version):
            return None if held else written
    raise ServerError(f"other runs changed {WATCH_KEY} {_ATTEMPTS} times; the schedule's check looks")


def _read(table: Table) -> WatchMark:
    item = read_item(table, WATCH_KEY)
    return WatchMark() if item is None else WatchMark.from_item(item)
