"""What the embedded EventBridge is told of a changed secret: an event that the stage's rule asks for."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from connector.domain.health.metrics import SECRET_CHANGED
from connector.domain.health.secret_event import is_secret_event
from connector.local.aws_shims import secret_events
from tests.templates.test_events import matching


class Bus:
    """MiniStack's functions behind the calls, and the events that were sent."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.secrets = SimpleNamespace(get_region=lambda: "us-east-1", get_account_id=lambda: "123456789012")
        for function in secret_events._CALLS:
            setattr(self.secrets, function, lambda data: (data.get("status", 200), {}, b"{}"))
        self.parts = {
            "services.secretsmanager": self.secrets,
            "services.eventbridge": SimpleNamespace(
                _dispatch_event=self.events.append, _event_from_test_payload=lambda event: event
            ),
        }


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Bus:
    """The functions, wrapped."""
    made = Bus()
    monkeypatch.setattr(secret_events, "module", made.parts.__getitem__)
    secret_events.install()
    return made


@pytest.mark.parametrize("function", list(secret_events._CALLS))
def test_a_call_that_changes_a_secret_sets_off_the_rule(bus: Bus, function: str):
    call, parameter = secret_events._CALLS[function]
    getattr(bus.secrets, function)({parameter: "wms/main/dbInfo", "SecretString": "confidential"})
    (event,) = bus.events
    assert event["detail"]["eventName"] == call
    assert is_secret_event(event)
    assert matching(event) == [SECRET_CHANGED]
    assert "confidential" not in json.dumps(event)


def test_a_call_that_is_refused_tells_nothing(bus: Bus):
    bus.secrets._put_secret_value({"SecretId": "wms/main/dbInfo", "status": 400})
    assert bus.events == []
