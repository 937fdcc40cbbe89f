import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.errors import OperatorError, SecretError
from connector.domain.secrets.brokers import (
    KafkaAuth,
    choose_auth,
    client_security,
    parse_auth,
    parse_brokers,
    worker_environment,
)
from tests.domain.given_secrets import stored

PATH = "wms/main/brokerString"


def test_a_broker_string_is_read_and_hidden() -> None:
    found = parse_brokers(stored(" b-1.msk.example:9098, b-2.msk.example:9098\n", PATH))
    assert found.bootstrap == ["b-1.msk.example:9098", "b-2.msk.example:9098"]
    assert found.hosts.reveal() == "b-1.msk.example,b-2.msk.example"
    assert found.port == 9098
    assert "msk" not in repr(found)


BAD = [
    *(
        "kafka-host",
        "kafka-host:",
        ":9098",
        "kafka-host:port",
        "kafka-host:909812",
        "a:9098,",
        ",a:9098",
        "a:9098;b:9098",
    ),
    *("a:9098,,b:9098", "SSL://a:9098", "a b:9098", "[::1]:9098", "::1:9098", "2001:db8::1:9098"),
    *("-a:9098", "a-:9098", "a:-1", "a:9098 b:9098", '["a:9098"]', "a:9098\nb:9098", "ä:9098", "{}"),
]


@pytest.mark.parametrize("text", BAD)
def test_a_bad_entry_is_named_by_its_place_and_not_quoted(text: str) -> None:
    with pytest.raises(SecretError) as refused:
        parse_brokers(stored(text, PATH))
    message = str(refused.value)
    assert message.startswith(f"secret {PATH}: entry ")
    assert "is not host:port; expected broker1:9098,broker2:9098" in message
    assert text not in message.replace("broker1:9098,broker2:9098", "").replace("host:port", "")


def test_the_place_counts_from_one() -> None:
    with pytest.raises(SecretError, match="entry 2 of 3"):
        parse_brokers(stored("a:9098,b,c:9098", PATH))


@pytest.mark.parametrize("text", ["a:9098,b:9096", "a:9092,b:9094,c:9096"])
def test_mixed_ports_are_refused_with_the_ports_and_their_meaning(text: str) -> None:
    with pytest.raises(SecretError, match=r"mixes the ports 90.*9092 plaintext, 9094 tls"):
        parse_brokers(stored(text, PATH))


@pytest.mark.parametrize("text", ["a:0", "a:65536", "a:99999"])
def test_a_number_that_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(SecretError, match="is not a port"):
        parse_brokers(stored(text, PATH))


@pytest.mark.parametrize("host", ["10.1.2", "999.1.1.1", "10", "broker..example", "10.1.2.3.4", "1..2"])
def test_a_mistyped_host_is_named_by_its_place_and_not_quoted(host: str) -> None:
    with pytest.raises(
        SecretError, match="the host of entry 2 of 2 is neither an IPv4 address nor"
    ) as refused:
        parse_brokers(stored(f"10.1.2.3:9098,{host}:9098", PATH))
    assert f"{host}:" not in str(refused.value)


hosts = st.ip_addresses(v=4).map(str) | st.from_regex(
    r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?){0,2}", fullmatch=True
)


@given(st.lists(hosts, min_size=1, max_size=5), st.integers(1, 65535))
def test_what_is_written_comes_back(names: list[str], port: int) -> None:
    entries = [f"{name}:{port}" for name in names]
    found = parse_brokers(stored(", ".join(entries), PATH))
    assert (found.bootstrap, found.port) == (entries, port)


@pytest.mark.parametrize(
    ("port", "auth"),
    [
        (9092, KafkaAuth.PLAINTEXT),
        (9094, KafkaAuth.TLS),
        (9096, KafkaAuth.SCRAM),
        (9098, KafkaAuth.IAM),
    ],
)
def test_the_port_says_how_to_authenticate_unless_the_setting_does(port: int, auth: KafkaAuth) -> None:
    brokers = parse_brokers(stored(f"a:{port}", PATH))
    assert choose_auth(None, brokers) is auth
    assert auth.port == port
    for other in KafkaAuth:
        if other is auth:
            assert choose_auth(other.value, brokers) is auth
        else:
            with pytest.raises(OperatorError, match=f"port {port} in secret {PATH} is MSK's port for {auth}"):
                choose_auth(other.value, brokers)


def test_an_unusual_port_needs_the_setting() -> None:
    with pytest.raises(OperatorError, match=r"port 19092 is not one of MSK's ports .* set kafka_auth"):
        choose_auth(None, parse_brokers(stored("a:19092", PATH)))
    assert choose_auth("tls", parse_brokers(stored("a:19092", PATH))) is KafkaAuth.TLS


@pytest.mark.parametrize("text", ["TLS", "ssl", "", "iam ", "sasl"])
def test_an_unknown_way_is_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(OperatorError, match="allowed: tls, scram, iam, plaintext"):
        parse_auth(text)


@pytest.mark.parametrize("auth", KafkaAuth)
def test_the_worker_is_reported_everything_in_every_mode(auth: KafkaAuth) -> None:
    environment = worker_environment(auth)
    assert set(environment) == {
        "KAFKA_SECURITY_PROTOCOL",
        "KAFKA_SASL_MECHANISM",
        "KAFKA_SASL_LOGIN_MODULE",
        "KAFKA_SASL_CALLBACK_HANDLER",
    }
    assert all(environment.values())
    block = client_security(auth)
    assert block["security.protocol"] == environment["KAFKA_SECURITY_PROTOCOL"]
    uses_sasl = auth in (KafkaAuth.SCRAM, KafkaAuth.IAM)
    assert ("sasl.mechanism" in block) is uses_sasl
    if uses_sasl:
        assert block["sasl.mechanism"] == environment["KAFKA_SASL_MECHANISM"]
        assert environment["KAFKA_SASL_LOGIN_MODULE"] in block["sasl.jaas.config"]
