"""The commands that create and update a stage's secrets, as text for a shell. Pure.

What is confidential is typed into a temporary file that only its owner reads, and never stands on a command
line: a shell keeps those, and every process of the machine sees them.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connector.domain.errors import OperatorError
from connector.domain.secrets import fallback, secrets
from connector.domain.stage.stage import Stage

#: A pattern of each secret's text; in angle brackets what to put in.
PATTERNS: Mapping[str, str] = {
    secrets.VPC: '{"id": "<vpc-id>", "dataSubnets": ["<subnet-id>"], "privateSubnets": ["<subnet-id>"], '
    '"publicSubnets": []}',
    secrets.IAM_PATH: "/<path>/",
    secrets.IAM_BOUNDARY: "arn:aws:iam::<account>:policy/<name>",
    secrets.BROKER_STRING: "<host>:<port>,<host>:<port>",
    secrets.DB_INFO: '{"host": "<host>", "port": 1521, "dbname": "<service name>", "username": "<user>", '
    '"password": "<password>"}',
    secrets.ALERT_EMAILS: '{"emails": ["<name@host>"]}',
    secrets.ALB_TLS: '{"certificateArn": "<ARN>", "certificateAuthorityPem": "<PEM with \\n for line ends>"}',
    secrets.KAFKA_CREDENTIALS: '{"username": "<user>", "password": "<password>"}',
    secrets.KAFKA_TLS: '{"certificateAuthorityPem": "<PEM with \\n for line ends>"}',
}
#: When a secret that not every stage needs is needed.
NEEDED_WHEN: Mapping[str, str] = {
    secrets.ALB_TLS: "only where a load balancer stands before Connect",
    secrets.KAFKA_CREDENTIALS: "only with kafka_auth scram",
    secrets.KAFKA_TLS: "only for brokers whose certificates are of a private authority",
}


@dataclass(frozen=True)
class SecretCommands:
    """The commands for one secret. `exists` are the commands for a secret that is there already."""

    name: str
    path: str
    when: str
    create: Sequence[str]
    update: Sequence[str]

    def lines(self) -> list[str]:
        """As a script: a secret that exists is updated, any other created."""
        head = f"# {self.name}{f': {self.when}' if self.when else ''}"
        return [
            head,
            *self.create,
            "# The same for a secret that exists:",
            *(f"#   {x}" for x in self.update),
        ]


def commands(
    stage: Stage, prefix: str, names: Sequence[str] = (), *, shared: bool = False
) -> list[SecretCommands]:
    """The commands for a stage's own secrets or, with `shared`, for those of all stages without their own.

    Raises `OperatorError` for a name that is no secret of a stage.
    """
    for name in names:
        if name not in PATTERNS:
            raise OperatorError(f"{name!r} is no secret of a stage; secrets: {', '.join(PATTERNS)}")
    own, default = 0, 1
    return [
        _commands(name, fallback.candidate_paths(prefix, stage.name, name)[default if shared else own])
        for name in names or PATTERNS
    ]


def _commands(name: str, path: str) -> SecretCommands:
    pattern, when = PATTERNS[name], NEEDED_WHEN.get(name, "")
    quoted = shlex.quote(path)
    if not confidential(name):
        text = shlex.quote(pattern)
        return SecretCommands(
            name,
            path,
            when,
            (f"aws secretsmanager create-secret --name {quoted} --secret-string {text}",),
            (f"aws secretsmanager put-secret-value --secret-id {quoted} --secret-string {text}",),
        )
    # A shell of its own, whose end removes the file: also after a refusal of AWS, or Ctrl-C. Outside of the
    # checkout, so that no commit takes it along.
    write = (
        "(umask 077; file=$(mktemp) || exit; trap 'rm -f \"$file\"' EXIT",
        f"printf '%s' {shlex.quote(pattern)} > \"$file\"",
        '"${EDITOR:-vi}" "$file"    # put the values in',
    )
    given = '--secret-string "file://$file")'
    return SecretCommands(
        name,
        path,
        when,
        (*write, f"aws secretsmanager create-secret --name {quoted} {given}"),
        (*write, f"aws secretsmanager put-secret-value --secret-id {quoted} {given}"),
    )


def confidential(name: str) -> bool:
    """Whether a secret holds anything that must not stand on a command line."""
    return name in (*secrets.CONFIDENTIAL_SECRETS, secrets.DB_INFO)
