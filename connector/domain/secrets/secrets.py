"""The secrets of a stage and the form that each must have; `fallback` says where each is looked for."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.domain.errors import SecretError
from connector.domain.secrets.characters import BLANKS, BYTE_ORDER_MARK, invisible
from connector.domain.secrets.redacted import Redacted

VPC = "vpc"
IAM_PATH = "iam/path"
IAM_BOUNDARY = "iam/permissionsBoundary"
BROKER_STRING = "brokerString"
DB_INFO = "dbInfo"
ALERT_EMAILS = "alertEmails"
ALB_TLS = "connectAlbTls"
KAFKA_CREDENTIALS = "kafkaCredentials"
KAFKA_TLS = "kafkaTls"

#: Every secret a stage may have. The last three are optional.
SECRET_NAMES = (
    VPC,
    IAM_PATH,
    IAM_BOUNDARY,
    BROKER_STRING,
    DB_INFO,
    ALERT_EMAILS,
    ALB_TLS,
    KAFKA_CREDENTIALS,
    KAFKA_TLS,
)

#: Secrets whose whole text is confidential; `dbInfo` and `kafkaCredentials` hide single fields.
CONFIDENTIAL_SECRETS = (BROKER_STRING, KAFKA_CREDENTIALS)
#: Fields of JSON secrets that are confidential, under every spelling that is accepted.
CONFIDENTIAL_FIELDS = ("user", "username", "password", "certificateAuthorityKey", "privateKey")
#: Every key that `kafkaCredentials` may have.
_CREDENTIAL_KEYS = ("username", "password")
#: Fields whose text may have line breaks and tabs: PEM texts, and URLs, which are written in many lines at
#: times. Who reads a URL takes them out.
_OF_MANY_LINES = (
    "certificateAuthorityPem",
    "certificateAuthorityKey",
    "privateKey",
    "url",
    "jdbcUrl",
    "connectionUrl",
)


@dataclass(frozen=True)
class StoredSecret:
    """A secret as Secrets Manager holds it: where it is and its text."""

    path: str
    arn: str
    version: str
    text: Redacted


def pick(stored: StoredSecret, key: str) -> object:
    """One key of a JSON secret; a key with dots or slashes in it is not a path, just a key."""
    fields = json_object(stored.path, stored.text)
    if key not in fields:
        raise SecretError(f"secret {stored.path} has no key {key!r}; it has {', '.join(sorted(fields))}")
    return fields[key]


def json_object(path: str, text: Redacted, known: Collection[str] = ()) -> dict[str, Any]:
    """The JSON object that a secret's text is. Never quotes the text: it may hold a password.

    `known`: the keys that it may have, if others are refused; those are counted and not quoted. A character
    that nobody sees is refused in every key and every text, by the key: a control character, a byte order
    mark, a space that is not a plain one.
    """
    if text.reveal().startswith(BYTE_ORDER_MARK):
        raise SecretError(
            f"secret {path} is not valid JSON: it begins with a byte order mark (U+FEFF); expected an "
            "object, saved as UTF-8 without that mark"
        )
    problem: str | None = None
    try:
        # A line break that JSON does not allow in a text is refused below, by its key.
        value = json.loads(text.reveal(), strict=False)
    except json.JSONDecodeError as error:
        problem = f"line {error.lineno} column {error.colno}"
    except (ValueError, RecursionError):
        problem = "a number is too long or the nesting is too deep"
    if problem is not None:
        # Raised outside the handler: the original exception carries the whole document.
        raise SecretError(f"secret {path} is not valid JSON ({problem}); expected an object")
    if not isinstance(value, dict):
        raise SecretError(f"secret {path} is a JSON {_json_type(value)}; expected an object")
    _refuse_invisible_keys(path, value)
    if known:
        _refuse_unknown(path, value, known)
    _refuse_invisible(path, value)
    return value


def plain_text(stored: StoredSecret) -> str:
    """The text of a secret that is not JSON, without blanks around it; raises for what nobody sees."""
    found = invisible(stored.text.reveal(), BLANKS)
    if found is not None:
        raise SecretError(f"secret {stored.path} has {found}; write the value again without it")
    return stored.text.reveal().strip(BLANKS)


def required_text(path: str, fields: Mapping[str, Any], *keys: str, confidential: bool = False) -> str:
    """The text under the first of `keys` that is present; raises when none is or it is not text."""
    key = present_key(path, fields, *keys)
    if key is None:
        raise SecretError(f"secret {path} lacks {' or '.join(map(repr, keys))}; it has {_keys(fields)}")
    value = fields[key]
    if not isinstance(value, str) or not value.strip():
        given = described(value) if confidential else repr(value)
        raise SecretError(f"secret {path}: {key!r} must be a text that is not empty, not {given}")
    return value


def credential(path: str, fields: Mapping[str, Any], *keys: str) -> Redacted:
    """A user name or a password, under the first of `keys` that is present.

    Blanks around it are refused, not left out: ECS hands the worker the field as the secret has it.
    """
    value = required_text(path, fields, *keys, confidential=True)
    if value != value.strip():
        raise SecretError(
            f"secret {path}: {present_key(path, fields, *keys)!r} begins or ends with a space, so each try "
            "with it may be a wrong login; write the value again without it"
        )
    return Redacted(value)


def present_key(path: str, fields: Mapping[str, Any], *keys: str) -> str | None:
    """Which of several spellings of one field is used; two that disagree are an error."""
    present = [key for key in keys if fields.get(key) is not None]
    if len({str(fields[key]) for key in present}) > 1:
        raise SecretError(f"secret {path} has {' and '.join(map(repr, present))} with different values")
    return present[0] if present else None


@dataclass(frozen=True)
class Vpc:
    """The network of a stage: subnet ids of three kinds."""

    id: str
    data_subnets: tuple[str, ...]
    private_subnets: tuple[str, ...]
    public_subnets: tuple[str, ...]


def parse_vpc(stored: StoredSecret) -> Vpc:
    """The secret `vpc`: `{id, dataSubnets, privateSubnets, publicSubnets}`."""
    fields = json_object(stored.path, stored.text)
    vpc_id = required_text(stored.path, fields, "id")
    if not re.fullmatch(r"vpc-[0-9a-f]{8,17}", vpc_id):
        raise SecretError(
            f"secret {stored.path}: 'id' {vpc_id!r} is not a VPC id; expected one like vpc-0a1b2c3d4e5f67890"
        )
    kinds = ("dataSubnets", "privateSubnets", "publicSubnets")
    data, private, public = (_subnets(stored.path, fields, kind) for kind in kinds)
    return Vpc(vpc_id, data, private, public)


def parse_alert_emails(stored: StoredSecret) -> tuple[str, ...]:
    """The secret `alertEmails`: `{"emails": ["…@…", …]}`; addresses are not confidential."""
    fields = json_object(stored.path, stored.text)
    emails = fields.get("emails")
    if not isinstance(emails, list):
        raise SecretError(f'secret {stored.path} must be like {{"emails": ["name@host"]}}')
    for email in emails:
        if not isinstance(email, str) or not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
            raise SecretError(f"secret {stored.path}: {email!r} is not an e-mail address")
    return tuple(dict.fromkeys(emails))


def parse_kafka_credentials(stored: StoredSecret) -> tuple[Redacted, Redacted]:
    """The secret `kafkaCredentials`, for SCRAM: user name and password."""
    fields = json_object(stored.path, stored.text, known=_CREDENTIAL_KEYS)
    username, password = (credential(stored.path, fields, key) for key in _CREDENTIAL_KEYS)
    for key, value in zip(_CREDENTIAL_KEYS, (username, password), strict=True):
        # The worker puts them between quotes in sasl.jaas.config and escapes nothing.
        if re.search(r'["\\]', value.reveal()):
            raise SecretError(
                f"secret {stored.path}: {key!r} has a double quote or a backslash, which Kafka's login "
                "configuration cannot contain; choose another value"
            )
    return username, password


def _subnets(path: str, fields: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    value = fields.get(kind)
    ok = isinstance(value, list) and all(
        isinstance(item, str) and re.fullmatch(r"subnet-[0-9a-f]{8,17}", item) for item in value
    )
    if not ok or not isinstance(value, list):
        raise SecretError(
            f"secret {path}: {kind!r} must be a list of subnet ids like subnet-0a1b2c3d, not {value!r}"
        )
    return tuple(value)


def described(value: object) -> str:
    """A value's kind and length, for a message: people paste a password into any field."""
    if isinstance(value, list | dict):
        return f"an {_json_type(value)} of {len(value)} {'entry' if len(value) == 1 else 'entries'}"
    if isinstance(value, bool) or value is None:
        return "null" if value is None else "a boolean"
    length = len(str(value))
    kind = "text" if isinstance(value, str) else "number"
    return f"a {kind} of {length} character{'' if length == 1 else 's'}"


def _refuse_unknown(path: str, fields: Mapping[str, Any], known: Collection[str]) -> None:
    """By number and place: a key that nobody knows may be a password."""
    unknown = [place for place, key in enumerate(fields, 1) if key not in known]
    if unknown:
        which = f"{len(unknown)} unknown key{'s' if len(unknown) > 1 else ''}"
        places = ", ".join(map(str, unknown))
        raise SecretError(
            f"secret {path} has {which}, at place {places} of {len(fields)}; known: "
            f"{', '.join(sorted(known))}"
        )


def _refuse_invisible_keys(path: str, fields: Mapping[str, Any]) -> None:
    """By the key's place, since it may hold anything."""
    for place, key in enumerate(fields, 1):
        found = invisible(key)
        if found is None and key != key.strip():
            found = "a space at its start or end"
        if found is not None:
            raise SecretError(
                f"secret {path}: the name of key {place} of {len(fields)} has {found}; write the key again "
                "without it"
            )


def _refuse_invisible(path: str, fields: Mapping[str, Any]) -> None:
    """By key."""
    for key, value in fields.items():
        for text in _texts(value):
            found = invisible(text, BLANKS if key in _OF_MANY_LINES else "")
            if found is not None:
                raise SecretError(f"secret {path}: {key!r} has {found}; write the value again without it")


def _texts(value: object) -> Iterator[str]:
    """Every text in a JSON value, names of inner keys included."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, Mapping):
            pending += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            pending += one


def _json_type(value: object) -> str:
    names = {list: "array", dict: "object", str: "string", bool: "boolean", int: "number", float: "number"}
    return names.get(type(value), "null")


def _keys(fields: Mapping[str, Any]) -> str:
    return ", ".join(sorted(fields)) or "no keys at all"
