"""The shape each secret must have, by name: one function checks any secret."""

import re
from collections.abc import Callable, Mapping

from connector.domain.errors import SecretError
from connector.domain.secrets import secrets
from connector.domain.secrets.brokers import parse_brokers
from connector.domain.secrets.database import parse_database
from connector.domain.secrets.secrets import StoredSecret, json_object, plain_text, required_text

# IAM: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
_IAM_PATH = re.compile(r"/(?:[\x21-\x2e\x30-\x7e]+/)*")
_POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::(?:\d{12}|aws):policy/[\w+=,.@/-]+")
#: Key of `connectAlbTls` -> what it must look like, for the machine and for people.
_ALB_ARNS = {
    "certificateArn": (
        re.compile(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[\w-]+"),
        "arn:aws:acm:<region>:<account>:certificate/<id>",
    ),
    "certificateAuthorityArn": (
        re.compile(r"arn:aws[a-z-]*:acm-pca:[a-z0-9-]+:\d{12}:certificate-authority/[\w-]+"),
        "arn:aws:acm-pca:<region>:<account>:certificate-authority/<id>",
    ),
}


def parse_iam_path(stored: StoredSecret) -> str:
    """The secret `iam/path`: a path that begins and ends with a slash."""
    text = plain_text(stored)
    if not _IAM_PATH.fullmatch(text) or len(text) > 512:
        raise SecretError(
            f"secret {stored.path}: {text!r} is not an IAM path; expected one like /delegatedadmin/developer/"
        )
    return text


def parse_boundary(stored: StoredSecret) -> str:
    """The secret `iam/permissionsBoundary`: the ARN of a managed policy."""
    text = plain_text(stored)
    if not _POLICY_ARN.fullmatch(text):
        raise SecretError(
            f"secret {stored.path}: {text!r} is not a policy ARN; expected "
            "arn:aws:iam::<account>:policy/<name>"
        )
    return text


def parse_alb_tls(stored: StoredSecret) -> Mapping[str, str]:
    """The secret `connectAlbTls`: a certificate or an authority to issue one, and the authority's PEM."""
    fields = json_object(stored.path, stored.text)
    given = [key for key in _ALB_ARNS if fields.get(key) is not None]
    if not given:
        raise SecretError(
            f"secret {stored.path} lacks 'certificateArn' or 'certificateAuthorityArn'; give one of them"
        )
    if len(given) > 1:
        raise SecretError(
            f"secret {stored.path} has both 'certificateArn' and 'certificateAuthorityArn'; give one of them"
        )
    which = given[0]
    arn = required_text(stored.path, fields, which)
    pattern, expected = _ALB_ARNS[which]
    if not pattern.fullmatch(arn):
        raise SecretError(f"secret {stored.path}: {which!r} {arn!r} is not such an ARN; expected {expected}")
    pem = required_text(stored.path, fields, "certificateAuthorityPem")
    if "-----BEGIN CERTIFICATE-----" not in pem:
        raise SecretError(f"secret {stored.path}: 'certificateAuthorityPem' is not a PEM certificate")
    return {which: arn, "certificateAuthorityPem": pem}


_PARSERS: Mapping[str, Callable[[StoredSecret], object]] = {
    secrets.VPC: secrets.parse_vpc,
    secrets.IAM_PATH: parse_iam_path,
    secrets.IAM_BOUNDARY: parse_boundary,
    secrets.BROKER_STRING: parse_brokers,
    secrets.DB_INFO: parse_database,
    secrets.ALERT_EMAILS: secrets.parse_alert_emails,
    secrets.ALB_TLS: parse_alb_tls,
    secrets.KAFKA_CREDENTIALS: secrets.parse_kafka_credentials,
}


def check_shape(name: str, stored: StoredSecret) -> None:
    """Raise `SecretError` unless the secret called `name` has the shape it must have."""
    _PARSERS[name](stored)
