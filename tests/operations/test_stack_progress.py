"""A stack that is in progress is told of every some seconds, and a thread ends when it is not."""

import queue
import threading
from datetime import UTC, datetime, timedelta

import pytest

from connector.operations import stack_progress
from connector.operations.stack_progress import line
from tests.support.aws_answers import refuse
from tests.support.fake_aws import FakeAws, FakeStack
from tests.support.waiting import wait_for

BEGAN = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
LATER = BEGAN + timedelta(seconds=45)


def stack(status: str, component: str = "connector") -> FakeStack:
    connection = FakeAws.ready()
    name = f"wms-{component}-main"
    connection.stacks[name] = {"StackName": name, "StackStatus": status, "CreationTime": BEGAN}
    return FakeStack(f"main/{component}", name, connection)


def test_the_line_has_state_and_time_and_the_workers_last_error():
    found = stack("CREATE_IN_PROGRESS")
    assert line(found, BEGAN, LATER).startswith(
        "stack wms-connector-main is CREATE_IN_PROGRESS, 45 s; a worker"
    )
    found.connection_manager.log_events = [
        (LATER.timestamp(), "ERROR Stopping | Caused by: a.BException: no broker")
    ]
    assert line(found, BEGAN, LATER).endswith("45 s; the workers' last error: no broker")
    assert line(stack("UPDATE_IN_PROGRESS", "network"), BEGAN, LATER).endswith("UPDATE_IN_PROGRESS, 45 s")


def test_a_deletion_is_progress_too_and_no_worker_starts_in_it():
    said = line(stack("DELETE_IN_PROGRESS"), BEGAN, LATER)
    assert said == "stack wms-connector-main is DELETE_IN_PROGRESS, 45 s; ECS ends its workers first"
    network = line(stack("DELETE_IN_PROGRESS", "network"), BEGAN, LATER)
    assert network == "stack wms-network-main is DELETE_IN_PROGRESS, 45 s"


def test_a_stack_at_rest_or_unreadable_has_no_line():
    assert line(stack("CREATE_COMPLETE"), BEGAN, LATER) == ""
    found = stack("CREATE_IN_PROGRESS")
    found.connection_manager.deny(
        "cloudformation", "describe_stacks", refuse("DescribeStacks", "AccessDenied", "no")
    )
    assert line(found, BEGAN, LATER) == ""


def test_the_thread_shows_lines_while_it_lasts_and_ends_by_itself():
    found, shown = stack("CREATE_IN_PROGRESS", "network"), list[str]()
    before = set(threading.enumerate())
    stack_progress.watch(found, shown.append, 0.01)
    stack_progress.watch(found, shown.append, 0.01)
    (thread,) = set(threading.enumerate()) - before
    wait_for(lambda: len(shown) >= 2, "two lines")
    found.connection_manager.stacks["wms-network-main"]["StackStatus"] = "CREATE_COMPLETE"
    thread.join(5)
    assert not thread.is_alive()


def test_a_hook_that_waited_lets_the_thread_look_as_long_again(monkeypatch: pytest.MonkeyPatch):
    """The check of a cluster takes minutes in which the stack is at rest; CloudFormation begins after it."""
    looks, shown, found = queue.Queue[str](), list[str](), stack("CREATE_COMPLETE")
    name = found.external_name
    monkeypatch.setattr(stack_progress, "line", lambda *_: looks.get(timeout=20))
    before = set(threading.enumerate())
    stack_progress.watch(found, shown.append, 0.0)
    (thread,) = set(threading.enumerate()) - before
    for _ in range(3):
        looks.put("")
        wait_for(lambda: stack_progress._watched.get(name) == 1, "a look at a stack at rest")
        stack_progress.watch(found, shown.append, 0.0)
        assert set(threading.enumerate()) - before == {thread}
    for text in ("it goes on", "", ""):
        looks.put(text)
    thread.join(20)
    assert (thread.is_alive(), shown, name in stack_progress._watched) == (False, ["it goes on"], False)
