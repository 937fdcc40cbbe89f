import json
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.errors import OperatorError, SecretError
from connector.domain.secrets import fallback, secrets
from connector.domain.secrets.fallback import find_secret, require_secret
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import StoredSecret, json_object
from connector.domain.secrets.shapes import parse_alb_tls, parse_boundary, parse_iam_path, parse_kafka_tls
from connector.domain.stage.stage import Stage
from tests.domain import aws_rules, strategies
from tests.domain.given_secrets import stored

FIRST, SECOND = "wms/feature-xyz/dbInfo", "wms/default/dbInfo"
STAGE = Stage("feature-xyz")
BOUNDARY = "arn:aws:iam::123456789012:policy/b"


class Store:
    """Secrets by path; an exception stands for one that cannot be read. Counts the fetches."""

    def __init__(self, **found: str | SecretError) -> None:
        self.found = {FIRST: found.get("first"), SECOND: found.get("second")}
        self.asked: list[str] = []

    def __call__(self, path: str) -> StoredSecret | None:
        self.asked.append(path)
        value = self.found.get(path)
        if isinstance(value, SecretError):
            raise value
        return None if value is None else stored(value, path)


def find(store: Store) -> StoredSecret | None:
    return find_secret("wms", STAGE, secrets.DB_INFO, store)


def test_the_stages_own_secret_is_used_and_the_defaults_is_not_even_read() -> None:
    store = Store(first="own", second="default")
    found = find(store)
    assert found is not None
    assert (found.path, found.text.reveal()) == (FIRST, "own")
    assert store.asked == [FIRST]


def test_the_default_is_used_only_when_the_stage_has_none() -> None:
    store = Store(second="default")
    found = find(store)
    assert found is not None
    assert found.path == SECOND
    assert store.asked == [FIRST, SECOND]


@pytest.mark.parametrize("empty", ["", " ", "\n\t "])
def test_an_empty_secret_is_an_error_and_no_reason_to_take_the_default(empty: str) -> None:
    store = Store(first=empty, second="default")
    with pytest.raises(SecretError, match=f"secret {FIRST} is empty"):
        find(store)
    assert store.asked == [FIRST]


def test_an_empty_default_is_an_error_too() -> None:
    with pytest.raises(SecretError, match=f"secret {SECOND} is empty"):
        find(Store(second=""))


def test_a_secret_that_cannot_be_read_is_never_replaced_by_the_default() -> None:
    denied = SecretError("access denied")
    store = Store(first=denied, second="default")
    with pytest.raises(SecretError) as refused:
        find(store)
    assert refused.value is denied
    assert store.asked == [FIRST]


def test_a_secret_that_is_nowhere_is_an_absence_or_an_error_that_names_both_places() -> None:
    store = Store()
    assert find(store) is None
    assert store.asked == [FIRST, SECOND]
    with pytest.raises(SecretError) as refused:
        require_secret("wms", STAGE, secrets.DB_INFO, Store())
    assert FIRST in str(refused.value)
    assert SECOND in str(refused.value)


def test_a_required_secret_is_fetched_once() -> None:
    store = Store(first="own")
    require_secret("wms", STAGE, secrets.DB_INFO, store)
    assert store.asked == [FIRST]


@given(strategies.stages)
def test_every_stage_has_legal_secret_paths_of_its_own(stage: Stage) -> None:
    for name in secrets.SECRET_NAMES:
        own, default = fallback.candidate_paths("wms", stage.name, name)
        assert aws_rules.SECRET.admits(own)
        assert own != default
        assert own == f"wms/{stage.name}/{name}"


@given(strategies.pairs())
def test_two_stages_share_no_secret_of_their_own(pair: tuple[Stage, Stage]) -> None:
    one, other = (
        {fallback.candidate_paths("wms", stage.name, name)[0] for name in secrets.SECRET_NAMES}
        for stage in pair
    )
    assert not one & other


@pytest.mark.parametrize("prefix", ["", "/wms", "wms/", "wms//x", "w ms", "wms\n"])
def test_a_bad_prefix_is_refused_with_the_place_to_set_it(prefix: str) -> None:
    with pytest.raises(OperatorError, match=r"secret_prefix .* config/config.yaml"):
        fallback.candidate_paths(prefix, "main", secrets.VPC)


def test_other_prefixes_are_used_as_written_and_unknown_secrets_refused() -> None:
    assert fallback.candidate_paths("a/mmdl", "main", "vpc") == ("a/mmdl/main/vpc", "a/mmdl/default/vpc")
    with pytest.raises(OperatorError, match=r"no such secret: 'dbinfo'; known: vpc"):
        fallback.candidate_paths("wms", "main", "dbinfo")


NOT_OBJECTS = ["hunter2", '{"password": "hunter2"', "[", '["hunter2"]', '"hunter2"', "12", "true", "null"]
NOT_OBJECTS += ['{"n": ' + "9" * 5000 + "}", "[" * 100_000, '{"password": "hunter2",}', "\ufeff{}"]


@pytest.mark.parametrize("text", NOT_OBJECTS, ids=range(len(NOT_OBJECTS)))
def test_what_is_no_json_object_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(SecretError) as refused:
        json_object("wms/main/dbInfo", Redacted(text))
    assert str(refused.value).startswith("secret wms/main/dbInfo is ")
    assert "expected an object" in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None, "the JSON error carries the whole document"


def test_a_key_is_picked_by_its_own_name_and_a_missing_one_lists_the_names_only() -> None:
    secret = stored({"a.b/c": [1], "password": "hunter2"})
    assert secrets.pick(secret, "a.b/c") == [1]
    with pytest.raises(SecretError, match="has no key 'a'; it has a.b/c, password") as refused:
        secrets.pick(secret, "a")
    assert "hunter2" not in str(refused.value)


SUBNET = "subnet-0123456789abcdef0"
VPC = {"id": "vpc-01234567", "dataSubnets": [SUBNET], "privateSubnets": [SUBNET], "publicSubnets": []}


def test_a_vpc_is_read() -> None:
    vpc = secrets.parse_vpc(stored(VPC, "wms/main/vpc"))
    assert (vpc.id, vpc.data_subnets, vpc.public_subnets) == ("vpc-01234567", (SUBNET,), ())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", None),
        ("id", ""),
        ("id", 5),
        ("id", "vpc-xyz"),
        ("id", "vpc-01234567\n"),
        ("dataSubnets", SUBNET),
        ("privateSubnets", None),
        ("publicSubnets", [1]),
        ("publicSubnets", ["subnet-"]),
    ],
)
def test_a_malformed_vpc_names_the_path_and_the_field(field: str, value: object) -> None:
    with pytest.raises(SecretError, match=rf"^secret wms/main/vpc\b.*'{field}'"):
        secrets.parse_vpc(stored({**VPC, field: value}, "wms/main/vpc"))


def test_recipients_are_kept_in_order_and_once() -> None:
    found = secrets.parse_alert_emails(stored({"emails": ["b@x.gov", "a@x.gov", "b@x.gov"]}))
    assert found == ("b@x.gov", "a@x.gov")
    assert secrets.parse_alert_emails(stored({"emails": []})) == ()


@pytest.mark.parametrize(
    "value", [{}, {"emails": "a@b"}, {"emails": ["a"]}, {"emails": [1]}, {"emails": None}]
)
def test_malformed_recipients_are_refused(value: object) -> None:
    with pytest.raises(SecretError, match=r"^secret wms/main/alertEmails\b"):
        secrets.parse_alert_emails(stored(value, "wms/main/alertEmails"))


def test_kafka_credentials_are_read_and_do_not_print() -> None:
    found = secrets.parse_kafka_credentials(stored({"username": "u-name", "password": "hunter2"}))
    assert [value.reveal() for value in found] == ["u-name", "hunter2"]
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    "value",
    [{}, {"username": "u-name"}, {"username": "u-name", "password": ["hunter2"]}, {"password": "hunter2"}],
)
def test_malformed_kafka_credentials_are_refused_without_being_shown(value: object) -> None:
    with pytest.raises(SecretError, match="'(username|password)'") as refused:
        secrets.parse_kafka_credentials(stored(value))
    assert "hunter2" not in str(refused.value)
    assert "u-name" not in str(refused.value)


@pytest.mark.parametrize("character", ['"', "\\"])
@pytest.mark.parametrize("key", ["username", "password"])
def test_credentials_that_would_break_the_login_configuration_are_refused(key: str, character: str) -> None:
    value = {"username": "u-name", "password": "hunter2", key: f"hun{character}ter2"}
    with pytest.raises(SecretError, match=f"{key!r} has a double quote") as refused:
        secrets.parse_kafka_credentials(stored(value))
    assert "ter2" not in str(refused.value)


#: A secret of each kind that is JSON, and one of its keys.
JSON_SECRETS: dict[str, tuple[Callable[[secrets.StoredSecret], object], Mapping[str, object], str]] = {
    secrets.VPC: (secrets.parse_vpc, VPC, "id"),
    secrets.ALERT_EMAILS: (secrets.parse_alert_emails, {"emails": "a@x.gov"}, "emails"),
    secrets.KAFKA_CREDENTIALS: (
        secrets.parse_kafka_credentials,
        {"username": "u-name", "password": "hunter2"},
        "password",
    ),
    secrets.ALB_TLS: (
        parse_alb_tls,
        {"certificateArn": "arn", "certificateAuthorityPem": "x"},
        "certificateArn",
    ),
}


@pytest.mark.parametrize("name", JSON_SECRETS)
@pytest.mark.parametrize("character", ["\n", "\x00", "\u00a0", "\u200b", "\ufeff"], ids=ascii)
def test_a_character_that_nobody_sees_is_refused_in_every_secret_by_key(name: str, character: str) -> None:
    parse, fields, key = JSON_SECRETS[name]
    value = f"{fields[key]}{character}"
    for given_value in (value, [value]):
        with pytest.raises(
            SecretError, match=f"^secret wms/main/{name}: {key!r} has .* at its end"
        ) as refused:
            parse(stored({**fields, key: given_value}, f"wms/main/{name}"))
        assert "hunter2" not in str(refused.value)
    with pytest.raises(SecretError, match=f"the name of key {len(fields) + 1} of {len(fields) + 1} has "):
        parse(stored({**fields, f"{key}{character}": "hunter2"}, f"wms/main/{name}"))
    text = f"{character}{json.dumps(fields)}"
    with pytest.raises(SecretError, match="is not valid JSON|is a JSON|lacks|has|must"):
        parse(stored(text if character != "\n" else "\n\x00", f"wms/main/{name}"))


@pytest.mark.parametrize(("parse", "text"), [(parse_iam_path, "/a/"), (parse_boundary, BOUNDARY)])
@pytest.mark.parametrize("character", ["\x00", "\u00a0", "\u200b", "\ufeff"], ids=ascii)
def test_a_text_secret_has_no_character_that_nobody_sees(
    parse: Callable[[secrets.StoredSecret], str], text: str, character: str
) -> None:
    assert parse(stored(f" {text}\r\n")) == text
    for wrong in (f"{character}{text}", f"{text}{character}", f"{text}{character}\n"):
        with pytest.raises(SecretError, match=r" has .* \(U\+"):
            parse(stored(wrong))


def test_a_byte_order_mark_before_an_object_is_named() -> None:
    """Some editors of Windows write one, and ECS cannot read the object's keys then."""
    with pytest.raises(SecretError, match="it begins with a byte order mark"):
        secrets.parse_vpc(stored("\ufeff" + json.dumps(VPC)))


def test_a_certificate_keeps_its_lines() -> None:
    pem = "-----BEGIN CERTIFICATE-----\nMIIB\r\n-----END CERTIFICATE-----\n"
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/x"
    found = parse_alb_tls(stored({"certificateArn": arn, "certificateAuthorityPem": pem}))
    assert found["certificateAuthorityPem"] == pem


_BLOCK = "-----BEGIN CERTIFICATE-----\nTUlJQg==\n-----END CERTIFICATE-----\n"


def test_the_brokers_authority_may_be_one_certificate_or_a_chain() -> None:
    for pem in (_BLOCK, f"subject=CN = x\n{_BLOCK}{_BLOCK}"):
        assert parse_kafka_tls(stored({"certificateAuthorityPem": pem})) == pem


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        ("MIIB", "is not a PEM certificate; expected -----BEGIN"),
        (_BLOCK.replace("TUlJQg==", "not base64!"), "is not a PEM certificate"),
        (_BLOCK.replace("TUlJQg==", ""), "is not a PEM certificate"),
        (
            f"{_BLOCK}-----BEGIN PRIVATE KEY-----\nhunter2",
            "has a private key in it; give the certificate alone",
        ),
    ],
)
def test_what_is_no_certificate_is_refused_and_a_key_is_not_shown(pem: str, words: str) -> None:
    with pytest.raises(SecretError, match=words) as refused:
        parse_kafka_tls(stored({"certificateAuthorityPem": pem}))
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("key", ["username", "password"])
def test_kafka_credentials_with_a_space_around_them_are_refused_by_key(key: str) -> None:
    value = {"username": "u-name", "password": "hunter2"}
    with pytest.raises(SecretError, match=f"{key!r} begins or ends with a space") as refused:
        secrets.parse_kafka_credentials(stored({**value, key: f"{value[key]} "}))
    assert value[key] not in str(refused.value)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"passwort": "x"}, "has 1 unknown key, at place 3 of 3; known: password, username"),
        ({"hunter2": 1, "Password": 2}, "has 2 unknown keys, at place 3, 4 of 4"),
    ],
)
def test_another_key_of_the_kafka_credentials_is_refused_and_not_shown(
    more: dict[str, object], words: str
) -> None:
    with pytest.raises(SecretError) as refused:
        secrets.parse_kafka_credentials(stored({"username": "u-name", "password": "right", **more}))
    assert words in str(refused.value)
    assert not any(key in str(refused.value) for key in more)


@given(
    st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=4, max_size=26).map("zq{}".format),
    st.sampled_from(["username", "password", ""]),
    st.sampled_from(["{}", "{} ", '{}"', "{}\u200b"]),
)
def test_no_message_about_kafka_credentials_holds_a_key_or_a_value(text: str, key: str, form: str) -> None:
    value = {"username": "u-name", "password": "right", key or text: form.format(text)}
    if not key:
        del value["password"]
    message = ""
    try:
        secrets.parse_kafka_credentials(stored(value))
    except SecretError as error:
        message = str(error)
    assert text not in message


@given(st.text(), st.text())
def test_no_refusal_of_a_credential_holds_it(user: str, password: str) -> None:
    value = {"username": f"<name {user}>", "password": f"<word {password}>"}
    try:
        secrets.parse_kafka_credentials(stored(value))
    except SecretError as error:
        message = str(error)
    else:
        return
    assert message.isprintable()
    assert "<name" not in message
    assert "<word" not in message
