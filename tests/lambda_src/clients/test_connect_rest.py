"""Connect's workers are asked one after the other, each in its part of the time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from connector.domain.errors import ServerError
from lambda_src.clients.connect_rest import Connect, Unreachable
from lambda_src.clients.transport import NotConnected, Reply
from lambda_src.runtime.deadline import Deadline
from tests.lambda_src.conftest import Time

WORKERS = ("http://a:8083", "http://b:8083", "http://c:8083")


@dataclass
class Workers:
    """Workers that refuse, hang or answer; hanging takes the time that they are given."""

    time: Time
    states: Mapping[str, str]
    asked: list[tuple[str, str]] = field(default_factory=list)

    def request(self, method: str, url: str, body: bytes | None, timeout: float) -> Reply:
        worker = url.split("/")[2].split(":", maxsplit=1)[0]
        self.asked.append((method, worker))
        state = self.states.get(worker, "answers")
        if state == "refuses":
            raise NotConnected("connection refused", retriable=True)
        if state == "hangs":
            self.time.sleep(timeout)
            raise ServerError(f"no answer within {timeout:.0f} s", retriable=True)
        return Reply(200, b'{"version": "4.3.0"}')


Made = Callable[..., tuple[Connect, Workers]]


@pytest.fixture
def made() -> Made:
    def make(seconds: float = 16, **states: str) -> tuple[Connect, Workers]:
        time = Time()
        workers = Workers(time, states)
        return Connect(WORKERS, workers, Deadline(time.seconds + seconds, time.now, time.sleep)), workers

    return make


def test_two_workers_that_hang_leave_the_third_its_part_of_the_time(made: Made):
    connect, workers = made(a="hangs", b="hangs")
    assert connect.root()["version"] == "4.3.0"
    assert connect.root()["version"] == "4.3.0"
    # Who answered is asked first the second time.
    assert [worker for _, worker in workers.asked] == ["a", "b", "c", "c"]


def test_when_all_hang_each_one_is_named_and_the_time_is_kept(made: Made):
    connect, workers = made(a="hangs", b="hangs", c="hangs")
    with pytest.raises(Unreachable, match=r"a:8083: no answer within 5 s; .*b:8083.*; .*c:8083"):
        connect.root()
    assert workers.time.seconds <= Time().seconds + 16


def test_a_restart_that_may_have_arrived_is_asked_of_nobody_else(made: Made):
    """A worker that answers late has restarted all the same."""
    connect, workers = made(a="hangs")
    with pytest.raises(Unreachable, match="no answer within 8 s"):
        connect.restart_failed("wms")
    assert workers.asked == [("POST", "a")]


def test_a_restart_that_cannot_have_arrived_is_asked_of_the_next_worker(made: Made):
    connect, workers = made(a="refuses")
    connect.restart_failed("wms")
    assert workers.asked == [("POST", "a"), ("POST", "b")]


def test_what_may_be_repeated_is_asked_of_the_next_worker(made: Made):
    connect, workers = made(50, a="hangs")
    connect.put_config("wms", {}, timeout=30)
    assert workers.asked == [("PUT", "a"), ("PUT", "b")]
