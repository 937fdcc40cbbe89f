from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.errors import OperatorError, SecretError
from connector.domain.secrets.brokers import (
    RECONNECT_BACKOFF_MAX_MS,
    RECONNECT_BACKOFF_MS,
    Brokers,
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
    assert found.ports == (9098,)
    assert found.endpoints == [("b-1.msk.example", 9098), ("b-2.msk.example", 9098)]
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
    with pytest.raises(
        SecretError, match=r"mixes the ports 90.*; set kafka_auth to .*9092 plaintext, 9094 tls"
    ):
        choose_auth(None, parse_brokers(stored(text, PATH)))
    for auth in KafkaAuth:
        assert choose_auth(auth.value, parse_brokers(stored(text, PATH))) is auth


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
    assert (found.bootstrap, found.ports) == (entries, (port,))


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


MSK = "wms.abc123.c4.kafka.us-east-1.amazonaws.com"
ONE_LOAD_BALANCER = "b-1.nlb.example:9001,b-2.nlb.example:9002,b-3.nlb.example:9003"


def brokers(text: str) -> Brokers:
    return parse_brokers(stored(text, PATH))


@pytest.mark.parametrize("auth", KafkaAuth)
@pytest.mark.parametrize(
    "text", [ONE_LOAD_BALANCER, "nlb:9001,nlb:9002", "nlb:9094,nlb:9095,nlb:9096", "nlb:14001,nlb:14002"]
)
def test_one_port_for_each_broker_is_accepted_where_the_setting_is_given(text: str, auth: KafkaAuth) -> None:
    """Kind: one port per broker, and MSK's public and multi-VPC ports."""
    found = brokers(text)
    assert choose_auth(auth.value, found) is auth
    assert found.port_ranges == tuple((port, port) for port in found.ports)


def test_one_port_for_each_broker_is_refused_without_the_setting_in_a_line_that_names_it() -> None:
    words = (
        r"^secret wms/main/brokerString mixes the ports 9001, 9002, 9003, .*; set kafka_auth to tls, scram,"
    )
    with pytest.raises(SecretError, match=words) as refused:
        choose_auth(None, brokers(ONE_LOAD_BALANCER))
    assert "nlb" not in str(refused.value)


@pytest.mark.parametrize(("port", "auth"), [(9194, "tls"), (9196, "scram"), (9198, "iam")])
def test_the_public_ports_of_msk_say_how_to_authenticate(port: int, auth: str) -> None:
    """Kind: one port per broker, and MSK's public and multi-VPC ports."""
    found = brokers(f"b-1-public.{MSK}:{port},b-2-public.{MSK}:{port}")
    assert (choose_auth(None, found), choose_auth(auth, found)) == (auth, auth)
    assert (KafkaAuth(auth).public_port, found.public) == (port, True)
    assert not brokers(f"b-1.{MSK}:{port}").public
    with pytest.raises(OperatorError, match=f"port {port} in secret {PATH} is MSK's port for {auth}"):
        choose_auth("plaintext", found)


@pytest.mark.parametrize(
    ("host", "right"),
    [("b-1-public", {"iam": 9198, "scram": 9196}), ("b-1", {"iam": 9098, "scram": 9096, "plaintext": 9092})],
)
def test_the_port_to_set_is_the_public_one_where_the_address_is(host: str, right: dict[str, int]) -> None:
    wrong = brokers(f"{host}.{MSK}:{9194 if 'public' in host else 9094}")
    for auth, port in right.items():
        with pytest.raises(OperatorError, match=rf"set kafka_auth to tls, or the port to {port}$"):
            choose_auth(auth, wrong)


@pytest.mark.parametrize("auth", ["iam", "scram", "tls"])
def test_the_multi_vpc_addresses_of_msk_say_how_to_authenticate(auth: str) -> None:
    """Kind: one port per broker, and MSK's public and multi-VPC ports."""
    found = brokers(f"b-1.{auth}.{MSK}:14001,b-3.{auth.upper()}.{MSK}:14003,b-12.{auth}.{MSK}:14012")
    assert (choose_auth(None, found), choose_auth(auth, found)) == (auth, auth)
    assert choose_auth(None, brokers(f"b-1.{auth}.{MSK}.cn:14001")) == auth
    other = "iam" if auth == "tls" else "tls"
    with pytest.raises(
        OperatorError, match=f"entry 1 of secret {PATH} is MSK's multi-VPC address for {auth}"
    ):
        choose_auth(other, found)


def test_the_multi_vpc_ports_of_brokers_that_the_string_does_not_name_are_reached_too() -> None:
    """MSK names some brokers only, and each of the others has a port of its own."""
    assert brokers(f"b-1.iam.{MSK}:14001,b-2.iam.{MSK}:14002").port_ranges == ((14001, 14100),)
    assert brokers("nlb.example:14001,nlb.example:14002").port_ranges == ((14001, 14001), (14002, 14002))


@pytest.mark.parametrize("text", ["b.example:14001", f"b-1.{MSK}:14100"])
def test_a_multi_vpc_port_alone_does_not_say_how_to_authenticate(text: str) -> None:
    with pytest.raises(OperatorError, match=r"MSK's for multi-VPC connectivity, .*; set kafka_auth to"):
        choose_auth(None, brokers(text))
    assert choose_auth("scram", brokers(text)) is KafkaAuth.SCRAM


@pytest.mark.parametrize(
    ("port", "auth"), [(20092, "plaintext"), (20094, "tls"), (20096, "scram"), (20098, "iam")]
)
def test_the_ipv6_ports_of_msk_are_named_as_what_they_are(port: int, auth: str) -> None:
    with pytest.raises(OperatorError, match=f"{port} is MSK's port for {auth} by IPv6, .* use IPv4"):
        choose_auth(None, brokers(f"b-1.{MSK}:{port}"))


def test_a_broker_that_is_msk_s_by_its_name_is_not_asked_at_the_port_for_another_method() -> None:
    """Among ports that say nothing, such as those of a load balancer."""
    with pytest.raises(OperatorError, match="kafka_auth is iam, but the port 9094 .* is MSK's port for tls"):
        choose_auth("iam", brokers(f"b-1.{MSK}:9098,b-2.{MSK}:9094"))
    assert choose_auth("iam", brokers(f"b-1.{MSK}:9098,b-2-public.{MSK}:9198")) is KafkaAuth.IAM


@given(st.lists(st.tuples(hosts, st.integers(1, 65535)), min_size=1, max_size=6), st.sampled_from(KafkaAuth))
def test_every_port_of_the_string_is_in_a_range_and_no_message_has_a_host(
    entries: list[tuple[str, int]], auth: KafkaAuth
) -> None:
    found = brokers(",".join(f"{host}-broker.example:{port}" for host, port in entries))
    assert {first for first, last in found.port_ranges} == {port for _, port in entries}
    for configured in (None, auth.value):
        with suppress(OperatorError):
            assert choose_auth(configured, found) in KafkaAuth
            continue
        with pytest.raises(OperatorError) as refused:
            choose_auth(configured, found)
        assert "-broker" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\ufeffa:9098", "a byte order mark (U+FEFF) at its start"),
        ("a:9098,\u00a0b:9098", "a no-break space (U+00A0) in it"),
        ("a:9098,b:9098\u200b", "a zero width space (U+200B) at its end"),
        ("a:90\x0098", "a control character (U+0000) in it"),
        ("a:9098\x85", "a control character (U+0085) at its end"),
    ],
)
def test_a_character_that_nobody_sees_is_named_and_the_string_is_not_quoted(text: str, words: str) -> None:
    with pytest.raises(SecretError) as refused:
        brokers(text)
    assert str(refused.value) == f"secret {PATH} has {words}; write the value again without it"


def test_lines_and_blanks_between_the_brokers_are_left_out_as_kafka_does() -> None:
    assert brokers("\ta:9098,\r\n b:9098\r\n").bootstrap == ["a:9098", "b:9098"]


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


@pytest.mark.parametrize("auth", KafkaAuth)
def test_a_client_with_iam_does_not_connect_more_often_than_msk_accepts(auth: KafkaAuth) -> None:
    """Its brokers refuse more than a few new connections a second with `Too many connects`.

    Kind: reconnect back-off for IAM.
    """
    block = client_security(auth)
    assert ("reconnect.backoff.ms" in block) is (auth is KafkaAuth.IAM)
    assert 1000 <= RECONNECT_BACKOFF_MS <= RECONNECT_BACKOFF_MAX_MS
    if auth is KafkaAuth.IAM:
        assert int(block["reconnect.backoff.ms"]) == RECONNECT_BACKOFF_MS
        assert int(block["reconnect.backoff.max.ms"]) == RECONNECT_BACKOFF_MAX_MS
