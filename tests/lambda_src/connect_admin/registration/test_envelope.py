"""The envelope {schema, payload}: new stages get it, and a stage that runs keeps the form that it has."""

import pytest

from connector.domain.admin_api import REGISTRATION, Operation, State
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.stage.aws_names import CONNECTOR
from connector.domain.stage.record import RECORD_KEY
from tests.lambda_src.conftest import FakeStage

SWITCH = "value.converter.schemas.enable"


def launch(world: FakeStage) -> list[str]:
    """One launch; returns the requests that changed something at Connect."""
    before = len(world.connect.writes)
    answers = [world.ask(operation) for operation in REGISTRATION]
    assert {answer.state for answer in answers} == {State.DONE}
    return [f"{method} {path}" for method, path in world.connect.writes[before:]]


def written(world: FakeStage) -> str:
    return "schema" if world.connect.configs[CONNECTOR].get(SWITCH) == "true" else "plain"


@pytest.fixture
def old(world: FakeStage) -> FakeStage:
    """A stage as an earlier release has left it: plain messages, and no word of them in its record."""
    world.settings = ConnectorSettings(envelope="plain")
    launch(world)
    del world.table.items[RECORD_KEY]["envelope"]
    world.settings = ConnectorSettings()
    return world


def test_a_new_stage_has_the_envelope_and_remembers_it(world: FakeStage) -> None:
    launch(world)
    assert written(world) == "schema"
    assert world.table.items[RECORD_KEY]["envelope"] == "schema"
    assert launch(world) == []


def test_a_stage_of_an_earlier_release_stays_plain_and_its_connector_is_left_alone(old: FakeStage) -> None:
    assert launch(old) == []
    assert written(old) == "plain"
    assert old.table.items[RECORD_KEY]["envelope"] == "plain"


def test_verify_and_status_of_such_a_stage_find_nothing_different(old: FakeStage) -> None:
    details = old.ask(Operation.STATUS).details
    assert details["connector"]["config_as_wanted"] is True
    assert details["record"]["config_hash"] == details["record"]["config_hash_wanted"]
    assert details["record"]["envelope"] == "plain"


def test_a_switch_is_said(old: FakeStage) -> None:
    old.settings = ConnectorSettings(envelope="schema")
    summary = old.ask(Operation.REGISTER).summary
    assert summary.endswith("; its messages have the envelope schema from now on, not plain")


def test_it_switches_when_its_config_says_so_and_back(old: FakeStage) -> None:
    for envelope in ("schema", "plain"):
        old.settings = ConnectorSettings(envelope=envelope)
        assert launch(old) == [f"PUT /connectors/{CONNECTOR}/config"]
        assert written(old) == envelope
        # Without the setting it then stays as it is.
        old.settings = ConnectorSettings()
        assert launch(old) == []
        assert written(old) == envelope


@pytest.mark.parametrize("envelope", ["schema", "plain"])
def test_a_stage_whose_record_is_lost_keeps_what_its_connector_writes(
    world: FakeStage, envelope: str
) -> None:
    world.settings = ConnectorSettings(envelope=envelope)
    launch(world)
    del world.table.items[RECORD_KEY]
    world.settings = ConnectorSettings()
    assert launch(world) == []
    assert (written(world), world.table.items[RECORD_KEY]["envelope"]) == (envelope, envelope)


@pytest.mark.parametrize("envelope", ["schema", "plain"])
def test_a_connector_that_is_gone_comes_back_as_it_was(world: FakeStage, envelope: str) -> None:
    world.settings = ConnectorSettings(envelope=envelope)
    launch(world)
    del world.connect.configs[CONNECTOR]
    world.settings = ConnectorSettings()
    world.ask(Operation.REGISTER)
    assert written(world) == envelope


def test_a_stage_of_an_earlier_release_whose_connector_is_gone_stays_plain(old: FakeStage) -> None:
    del old.connect.configs[CONNECTOR]
    old.ask(Operation.REGISTER)
    assert written(old) == "plain"


def test_a_converter_that_somebody_switched_by_hand_is_put_back(world: FakeStage) -> None:
    launch(world)
    world.connect.configs[CONNECTOR][SWITCH] = "false"
    assert launch(world) == [f"PUT /connectors/{CONNECTOR}/config"]
    assert written(world) == "schema"


def test_status_without_connect_says_so_and_not_that_the_config_differs(old: FakeStage) -> None:
    """What such a stage should have is known only from Connect."""
    old.connect.addresses = []
    answer = old.ask(Operation.STATUS)
    assert answer.state is State.DONE
    assert answer.details["record"]["config_hash_wanted"] == ""
    assert "the registered config differs" not in str(answer.details["findings"])
