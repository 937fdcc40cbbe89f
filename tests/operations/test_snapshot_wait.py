"""A requested snapshot is waited for, and its signal is sent once more if no task has received it."""

from collections.abc import Callable

import pytest

from connector.domain.admin_api import Answer, Operation, Request, State
from connector.domain.capture.snapshot import SnapshotRequest
from connector.domain.errors import ServerError
from connector.operations.snapshot_wait import RECEIVE_SECONDS, until_ended
from tests.support.simulated_clock import SimulatedClock

REQUEST = Request(Operation.SNAPSHOT, stage="main", snapshot=SnapshotRequest("id-1"))
SENT = Answer(State.DONE, "requested", details={"sent_at": 5, "id": "id-1"})


class Admin:
    """Answers by the clock, and remembers what was sent."""

    def __init__(self, answer: Callable[[float, int], Answer]) -> None:
        self.clock, self.answer = SimulatedClock(), answer
        self.sent: list[Request] = []
        self.shown: list[str] = []

    def __call__(self, request: Request) -> Answer:
        if request.operation is Operation.SNAPSHOT:
            self.sent.append(request)
            return SENT
        assert request.snapshot == SnapshotRequest("id-1", sent_at=5)
        return self.answer(self.clock.as_clock().now(), len(self.sent))

    def wait(self) -> Answer:
        return until_ended(REQUEST, SENT, self, self.clock.as_clock(), self.shown.append)


def waiting(*, received: bool, text: str = "snapshot runs") -> Answer:
    return Answer(State.WAITING, text, details={"received": received})


DONE = Answer(State.DONE, "snapshot completed (T: 3 rows)", details={"received": True, "rows": {"T": 3}})


def test_it_ends_with_the_snapshot_however_long_that_takes():
    began = Admin(lambda now, _: DONE).clock.as_clock().now()
    admin = Admin(lambda now, _: DONE if now - began > 10_000 else waiting(received=True))
    answer = admin.wait()
    assert (answer.summary, answer.changed, answer.details["rows"]) == (DONE.summary, True, {"T": 3})
    assert admin.sent == []
    # A line at least every 15 seconds.
    assert len(admin.shown) >= 10_000 / 18


def test_a_signal_that_no_task_received_is_sent_once_more_with_its_id():
    admin = Admin(lambda _, sent: DONE if sent else waiting(received=False, text="not received yet"))
    assert admin.wait().state is State.DONE
    (again,) = admin.sent
    assert again.snapshot == SnapshotRequest("id-1", sent_at=5, again=True)
    assert any("sent once more" in line for line in admin.shown)


def test_a_signal_that_is_never_received_ends_the_wait():
    admin = Admin(lambda *_: waiting(received=False))
    began = admin.clock.as_clock().now()
    with pytest.raises(ServerError, match="no task has received the signal id-1, which was sent twice"):
        admin.wait()
    assert len(admin.sent) == 1
    assert admin.clock.as_clock().now() - began < 2 * RECEIVE_SECONDS + 10


def test_a_snapshot_that_aborts_is_an_error():
    with pytest.raises(ServerError, match="snapshot main: snapshot aborted"):
        Admin(lambda *_: Answer(State.FAILED, "snapshot aborted")).wait()
