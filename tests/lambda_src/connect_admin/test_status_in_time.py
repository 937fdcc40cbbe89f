"""A person waits for the status: what does not answer is left out in time, and is not taken for well."""

import time

import pytest

from connector.domain.admin_api import REGISTRATION, Operation
from lambda_src import observe as observing
from lambda_src.connect_admin import status as reporting
from tests.lambda_src.conftest import ADDRESS, FakeStage

#: Instead of the seconds that a person waits, so that the test is short.
LIMIT, HANGS = 1.5, 30.0


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> FakeStage:
    made = FakeStage()
    made.ecs.start(ADDRESS)
    for operation in REGISTRATION:
        made.ask(operation)
    made.kafka.newest_at[made.stage.topics.one("heartbeat")] = time.time()
    monkeypatch.setattr(reporting, "_SECONDS", LIMIT)
    monkeypatch.setattr(reporting, "_COMPARE_LEAST", 0.5)
    monkeypatch.setattr(observing, "_LEAST_SECONDS", 0.2)
    monkeypatch.setattr(observing, "_THEN_SECONDS", 0.5)
    return made


def hang(*_: object, **__: object) -> None:
    time.sleep(HANGS)


@pytest.mark.parametrize("part", ["listener.probe", "kafka.open", "connect.request"])
def test_a_part_that_hangs_is_reported_in_time_and_not_as_well(
    stage: FakeStage, monkeypatch: pytest.MonkeyPatch, part: str
):
    owner, _, method = part.partition(".")
    target = getattr(stage, owner)
    assert hasattr(target, method), [name for name in dir(target) if not name.startswith("__")]
    monkeypatch.setattr(target, method, hang)
    began = time.monotonic()
    answer = stage.ask(Operation.STATUS)
    took = time.monotonic() - began
    # The parts end by the limit; what is around them is computing, on a machine with other work.
    assert took < HANGS / 3
    assert any("no answer within" in str(f["reason"]) for f in answer.details["findings"])
    assert any(f["ok"] is not True for f in answer.details["findings"])


def test_a_stage_that_answers_is_reported_whole(stage: FakeStage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reporting, "_SECONDS", 13.0)
    monkeypatch.setattr(reporting, "_COMPARE_LEAST", 4.0)
    findings = stage.ask(Operation.STATUS).details["findings"]
    assert not [f for f in findings if "no answer within" in str(f["reason"])]
