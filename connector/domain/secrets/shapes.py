"""The shape each secret must have, by name: one function checks any secret."""

import base64
import binascii
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

#: The key of a certificate, or of several, as PEM (RFC 7468).
_PEM = "certificateAuthorityPem"
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----")


def is_iam_path(text: str) -> bool:
    """Whether IAM takes `text` for a role's path."""
    return _IAM_PATH.fullmatch(text) is not None and len(text) <= 512


def is_policy_arn(text: str) -> bool:
    """Whether `text` is the ARN of one managed policy, of an account or of AWS."""
    return _POLICY_ARN.fullmatch(text) is not None


def parse_iam_path(stored: StoredSecret) -> str:
    """The secret `iam/path`: a path that begins and ends with a slash."""
    text = plain_text(stored)
    if not is_iam_path(text):
        raise SecretError(
            f"secret {stored.path}: {text!r} is not an IAM path; expected one like /delegatedadmin/developer/"
        )
    return text


def parse_boundary(stored: StoredSecret) -> str:
    """The secret `iam/permissionsBoundary`: the ARN of a managed policy."""
    text = plain_text(stored)
    if not is_policy_arn(text):
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
    return {which: arn, _PEM: _certificates(stored.path, fields)}


def parse_kafka_tls(stored: StoredSecret) -> str:
    """The secret `kafkaTls`: the certificates, as PEM, of the private authority behind the brokers'."""
    return _certificates(stored.path, json_object(stored.path, stored.text))


def _certificates(path: str, fields: Mapping[str, object]) -> str:
    """One PEM certificate or several, under the key that all secrets have for them."""
    pem = required_text(path, fields, _PEM, confidential=True)
    if "PRIVATE KEY" in pem:
        raise SecretError(
            f"secret {path}: {_PEM!r} has a private key in it; give the certificate alone, and replace that "
            "key, for whoever reads the secret has it"
        )
    blocks = _CERTIFICATE.findall(pem)
    if not blocks or not all(map(_is_base64, blocks)):
        raise SecretError(
            f"secret {path}: {_PEM!r} is not a PEM certificate; expected -----BEGIN CERTIFICATE-----, lines "
            "of base64, -----END CERTIFICATE-----"
        )
    return pem


def _is_base64(block: str) -> bool:
    try:
        return len(base64.b64decode("".join(block.split()), validate=True)) > 0
    except (ValueError, binascii.Error):
        return False


def alb_problem(stored: StoredSecret, account: str, region: str) -> str:
    """Why a load balancer of this account and region cannot use what `connectAlbTls` names; empty if it can.

    A certificate must be of the balancer's account and region; an authority of another account may be shared.
    """
    found = parse_alb_tls(stored)
    which = next(key for key in _ALB_ARNS if key in found)
    owner, place = found[which].split(":")[4], found[which].split(":")[3]
    if place == region and (owner == account or which == "certificateAuthorityArn"):
        return ""
    return (
        f"secret {stored.path}: {which!r} is of account {owner} in {place}, but the load balancer is "
        f"of account {account} in {region}; name one of this account and region"
    )


_PARSERS: Mapping[str, Callable[[StoredSecret], object]] = {
    secrets.VPC: secrets.parse_vpc,
    secrets.IAM_PATH: parse_iam_path,
    secrets.IAM_BOUNDARY: parse_boundary,
    secrets.BROKER_STRING: parse_brokers,
    secrets.DB_INFO: parse_database,
    secrets.ALERT_EMAILS: secrets.parse_alert_emails,
    secrets.ALB_TLS: parse_alb_tls,
    secrets.KAFKA_CREDENTIALS: secrets.parse_kafka_credentials,
    secrets.KAFKA_TLS: parse_kafka_tls,
}


def check_shape(name: str, stored: StoredSecret) -> None:
    """Raise `SecretError` unless the secret called `name` has the shape it must have."""
    _PARSERS[name](stored)
