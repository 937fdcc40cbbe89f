"""Before workers are replaced a launch says why, and tries what they would need, in this order."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from connector.domain.admin_api import Answer, State
from connector.domain.errors import ServerError
from connector.operations import before_workers, worker_change
from connector.operations.guarded_changes import CONFIRMATIONS
from connector.sceptre import preflight
from tests.operations.test_worker_change import stack, template
from tests.support.fake_aws import FakeStack
from tests.support.simulated_clock import SimulatedClock

ADMIN = "wms-connector-main-connect-admin"


@pytest.fixture(autouse=True)
def new_run(monkeypatch: pytest.MonkeyPatch) -> None:
    CONFIRMATIONS.forget()
    worker_change.forget()
    monkeypatch.setattr(preflight, "template_of", lambda _: template(Image="worker:2"))


def check(found: FakeStack, shown: list[str], **answers: Answer) -> list[str]:
    """The operations that are asked for, in order."""

    def admin(event: Mapping[str, Any]) -> Any:
        return answers.get(event["operation"], Answer(State.DONE, "fine")).to_payload()

    found.connection_manager.functions[ADMIN] = admin
    before_workers.check(found, SimulatedClock().as_clock(), shown.append)
    return [event["operation"] for _, event in found.connection_manager.invoked]


def test_the_reason_is_told_before_a_login_is_tried():
    shown: list[str] = []
    assert check(stack(json.dumps(template())), shown) == ["cluster", "changes", "try", "backup"]
    told = next(
        at for at, line in enumerate(shown) if line.startswith("this launch replaces the workers: Image")
    )
    assert told < shown.index("try: fine")


def test_an_update_that_leaves_the_workers_alone_tries_no_login():
    shown: list[str] = []
    assert check(stack(json.dumps(template(Image="worker:2"))), shown) == ["cluster", "changes"]
    assert not [line for line in shown if "replaces" in line]


def test_a_first_launch_replaces_nobody_and_tries_ports():
    shown: list[str] = []
    assert check(stack(), shown) == ["cluster", "changes", "try"]
    assert not [line for line in shown if "replaces" in line]


def test_a_launch_goes_on_without_a_backup_and_says_so():
    shown: list[str] = []
    refused = Answer(State.FAILED, "AWS refused writing a backup")
    assert check(stack(json.dumps(template())), shown, backup=refused)[-1] == "backup"
    assert shown[-1] == "no backup was written: AWS refused writing a backup"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.FAILED, "or replaced: ORA-01017"),
        (State.WAITING, "or replaced: ORA-01017 .after 60 s"),
    ],
)
def test_what_is_refused_stops_the_launch_before_the_workers(state: State, words: str):
    with pytest.raises(ServerError, match=words):
        check(stack(json.dumps(template())), [], **{"try": Answer(state, "ORA-01017")})
