"""The lines that tell of a refused login are those that the log filter sends to the health function."""

import pytest

from connector.domain.diagnosis.oracle_codes import LOGIN_CODES
from connector.domain.health.log_phrases import PATTERN
from connector.domain.health.refused_login import refused_in_trace, refused_login, written_at
from connector.local.aws_shims.log_filters import matcher

SENT = matcher(PATTERN)
AT = "2026-01-02T03:04:05.678Z"
SASL = (
    "org.apache.kafka.common.errors.SaslAuthenticationException: Authentication failed during authentication "
    "due to invalid credentials with SASL mechanism SCRAM-SHA-512"
)


@pytest.mark.parametrize("code", sorted(LOGIN_CODES))
def test_each_number_that_refuses_a_login_is_sent_and_read(code: int) -> None:
    line = (
        f"{AT} WARN  [wms-oracle-cdc|task-0] Failed to start connector [i.d.c.c.BaseSourceTask] "
        "org.apache.kafka.connect.errors.RetriableException: x | Caused by: "
        f"java.sql.SQLException: ORA-{code:05d}: y"
    )
    assert SENT(line)
    found = refused_login(line)
    assert found is not None
    assert (found.error_class.name, found.secret, found.validation) == ("login", "dbInfo", False)


@pytest.mark.parametrize(
    "line",
    [
        f"{AT} ERROR [] Stopping due to error [o.a.k.c.c.AbstractConnectCli] {SASL}",
        (
            f"{AT} ERROR [] [AdminClient clientId=x] Connection to node -1 (h/10.0.0.1:9096) failed "
            "authentication due to: Authentication failed during authentication due to invalid credentials "
            "with SASL mechanism SCRAM-SHA-512 [o.a.k.c.NetworkClient]"
        ),
    ],
    ids=["an exception", "a line of the client's"],
)
def test_a_login_that_brokers_refuse_is_sent_and_read(line: str) -> None:
    assert SENT(line)
    found = refused_login(line)
    assert found is not None
    assert (found.error_class.name, found.secret) == ("broker login", "kafkaCredentials")


def test_a_validation_is_told_apart() -> None:
    line = (
        f"{AT} ERROR Failed testing primary connection for {{...}} [i.d.c.o.OracleConnector] "
        "org.apache.kafka.connect.errors.RetriableException: x | Caused by: "
        "java.sql.SQLException: ORA-01017: y"
    )
    assert SENT(line)
    found = refused_login(line)
    assert found is not None
    assert found.validation


def test_the_time_of_a_line_is_read_where_it_has_one() -> None:
    assert written_at(f"{AT} WARN x") == pytest.approx(1_767_323_045.678)
    assert written_at("java.lang.Error: x") is None
    assert written_at("") is None


def test_a_trace_of_a_failed_task_is_read_without_a_head() -> None:
    found = refused_in_trace(
        "io.debezium.DebeziumException: x\nCaused by: java.sql.SQLException: ORA-28000: y"
    )
    assert found is not None
    assert found.error_class.name == "login"
    assert refused_in_trace("java.sql.SQLException: ORA-12541: no listener") is None
