"""What is around the stage: every endpoint is probed in a bounded time, whatever the others do."""

import time
from dataclasses import replace
from typing import Any

import pytest

from connector.domain.admin_api import Operation
from connector.domain.errors import ServerError
from connector.domain.health.check_result import CheckResult
from connector.domain.network.endpoints import Reached
from lambda_src.connect_admin import reachability as module
from lambda_src.connect_admin.reachability import Reachability, reachability
from lambda_src.connect_admin.status import status
from lambda_src.session import Session
from tests.lambda_src.conftest import FakeStage

REGISTRY = "000000000000.dkr.ecr.example"


def session_of(world: FakeStage, **changes: Any) -> Session:
    return replace(world.session(), **changes)


def test_every_endpoint_is_probed_and_told_by_its_name(world: FakeStage):
    def probe(host: str, port: int, seconds: float) -> str:
        return "connection refused" if host == REGISTRY else ""

    found = reachability(session_of(world, tcp_probe=probe))
    assert found == Reachability(
        (Reached("ecr.dkr", f"{REGISTRY}:443", "connection refused"), Reached("sns", "sns.example:443"))
    )


def test_a_name_that_is_never_resolved_holds_up_neither_the_answer_nor_the_others(
    world: FakeStage, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "_SECONDS", 0.2)

    def probe(host: str, port: int, seconds: float) -> str:
        time.sleep(5 if host == REGISTRY else 0)
        return ""

    started = time.monotonic()
    found = reachability(session_of(world, tcp_probe=probe))
    assert time.monotonic() - started < 3
    assert [each.reason for each in found.endpoints] == ["no answer within 0 s", ""]


def findings(session: Session) -> dict[str, CheckResult]:
    answer = status(session)
    return {each.name: each for each in map(CheckResult.from_payload, answer.details["findings"])}


def test_verify_names_the_endpoint_that_cannot_be_reached(world: FakeStage):
    world.listener.aws_error = "no connection within 3 s"
    found = findings(world.session())["endpoints"]
    assert found.ok is False
    assert "docs/stages.md#vpc-endpoints" in found.next_step


def test_a_missing_endpoint_shows_where_it_is_why_no_secret_can_be_read(world: FakeStage):
    world.secrets.values.clear()
    world.listener.aws_error = "no connection within 3 s"
    assert findings(world.session())["endpoints"].ok is False


def test_status_has_the_check_when_all_is_well(world: FakeStage):
    answer = world.ask(Operation.STATUS)
    (found,) = [each for each in answer.details["findings"] if each["name"] == "endpoints"]
    assert found["ok"] is True


def balanced(world: FakeStage, expiry: float | ServerError, **secret: str) -> Session:
    world.secrets.values["wms/main/connectAlbTls"] = (
        '{"certificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/1", '
        '"certificateAuthorityPem": "-----BEGIN CERTIFICATE-----TUlJQg==-----END CERTIFICATE-----"}'
    )

    def read(host: str, port: int, pem: str, seconds: float) -> float:
        assert (host, port) == ("connect.example", 443)
        assert pem.startswith("-----BEGIN CERTIFICATE-----TUlJQg==")
        if isinstance(expiry, ServerError):
            raise expiry
        return expiry

    session = session_of(world, certificate_expiry=read)
    return replace(session, environment=replace(world.environment, connect_url="https://connect.example"))


def test_a_load_balancers_certificate_is_read_through_its_name(world: FakeStage):
    assert reachability(balanced(world, 1000.0)).certificate_expiry == 1000.0
    assert reachability(world.session()).certificate_expiry is None


def test_a_certificate_that_is_refused_is_wrong_and_one_that_cannot_be_read_is_not_known(world: FakeStage):
    refused = reachability(balanced(world, ServerError("it has expired")))
    assert (refused.certificate_error, refused.errors) == ("it has expired", {})
    silent = reachability(balanced(world, ServerError("no answer", retriable=True)))
    assert (silent.certificate_error, silent.errors) == ("", {"certificate": "no answer"})
    assert silent.certificate_expiry is None
