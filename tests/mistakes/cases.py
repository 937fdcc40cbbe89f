"""What operators do wrong: each mistake, and words that the one line about it must have."""
# ruff: noqa: E501 - the table has one case on each line

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from tests.mistakes.conftest import DB_INFO, PASSWORD

LAUNCH = ("launch", "val", "--yes")


class Is(Enum):
    """What a secret may be instead of having a value."""

    GONE = "gone"
    DELETED = "marked for deletion"
    DENIED = "denied"


@dataclass(frozen=True)
class Case:
    """One mistake. `settings` is config/val/config.yaml; `secrets` are paths below the prefix."""

    name: str
    words: tuple[str, ...]
    command: tuple[str, ...] = LAUNCH
    settings: str | None = None
    secrets: Mapping[str, Any] = field(default_factory=dict)
    arrange: Callable[[Path], None] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


REQUIRED = ("vpc", "iam/path", "iam/permissionsBoundary", "brokerString", "dbInfo", "alertEmails")
VPC = {
    "id": "vpc-0a1b2c3d",
    "dataSubnets": ["subnet-0a1b2c3d"],
    "privateSubnets": ["subnet-1a1b2c3d"],
    "publicSubnets": [],
}


def broken_secrets() -> Iterator[Case]:
    """Each secret missing, unreadable, deleted, empty: the default's is never taken instead."""
    for name in REQUIRED:
        places = (f"wms/val/{name}", f"wms/default/{name}")
        yield Case(f"{name} missing", (*places, "create one of them"), secrets={f"default/{name}": Is.GONE})
        yield Case(f"{name} unreadable", (places[0], "may not be read"), secrets={f"val/{name}": Is.DENIED})
        yield Case(
            f"{name} unreadable in default",
            (places[1], "may not be read"),
            secrets={f"default/{name}": Is.DENIED},
        )
        yield Case(f"{name} deleted", (places[0], "marked for deletion"), secrets={f"val/{name}": Is.DELETED})
        yield Case(f"{name} empty", (places[0], "is empty"), secrets={f"val/{name}": " "})
    for name in ("vpc", "dbInfo", "alertEmails"):
        malformed = f'{{"password": "{PASSWORD}"'
        yield Case(
            f"{name} no JSON", (f"wms/val/{name}", "not valid JSON"), secrets={f"val/{name}": malformed}
        )
        yield Case(f"{name} a list", (f"wms/val/{name}", "JSON array"), secrets={f"val/{name}": "[]"})


def shapes() -> Iterator[Case]:
    """Secrets of the wrong shape: the path, the field, what is expected."""
    db = DB_INFO
    table: list[tuple[str, str, Any, tuple[str, ...]]] = [
        ("vpc id", "vpc", {**VPC, "id": "vpc1"}, ("'id' 'vpc1' is not a VPC id",)),
        ("vpc without id", "vpc", {k: v for k, v in VPC.items() if k != "id"}, ("lacks 'id'",)),
        ("subnets no list", "vpc", {**VPC, "privateSubnets": "subnet-1a1b2c3d"}, ("'privateSubnets' must be",)),
        ("no subnets of the kind", "vpc", {**VPC, "privateSubnets": []}, ("'privateSubnets' is empty", "subnets")),
        ("host missing", "dbInfo", {k: v for k, v in db.items() if k != "host"}, ("lacks 'host'",)),
        ("host odd", "dbInfo", {**db, "host": "a b"}, ("host is a text of 3 characters, neither",)),
        ("host cut short", "dbInfo", {**db, "host": "10.1.2"}, ("host is a text of 6 characters, neither an IPv4 address",)),
        ("host beside another url", "dbInfo", {**db, "url": "jdbc:oracle:thin:@//h:1521/W"}, ("host is a text of 8 characters, not in the 'url'",)),
        ("port", "dbInfo", {**db, "port": "many"}, ("port is a text of 4 characters, not a number",)),
        ("port too high", "dbInfo", {**db, "port": 70000}, ("port is a number of 5 characters", "65535")),
        ("dbname missing", "dbInfo", {k: v for k, v in db.items() if k != "dbname"}, ("'dbname'", "'sid'")),
        ("dbname odd", "dbInfo", {**db, "dbname": "W M S"}, ("'dbname'", "not a database name")),
        ("user missing", "dbInfo", {k: v for k, v in db.items() if k != "username"}, ("'username' or 'user'",)),
        ("password missing", "dbInfo", {k: v for k, v in db.items() if k != "password"}, ("'password'",)),
        ("password empty", "dbInfo", {**db, "password": ""}, ("'password' must be a text",)),
        ("password no text", "dbInfo", {**db, "password": {"is": PASSWORD}}, ("'password' must be a text",)),
        ("two hosts", "dbInfo", {**db, "ip": "10.9.9.9"}, ("'host' and 'ip' with different values",)),
        ("unknown key", "dbInfo", {**db, "hostname": "x"}, ("1 unknown key, at place 6 of 6; known: ",)),
        ("engine", "dbInfo", {**db, "engine": "mysql"}, ("engine is a text of 5 characters, which is unknown; allowed: oracle",)),
        ("url", "dbInfo", {**db, "url": "jdbc:oracle:thin:@WMS_ALIAS"}, ("'url'", "expected jdbc:oracle:thin")),
        (
            "url with password",
            "dbInfo",
            {**db, "url": f"jdbc:oracle:thin:hidden-reader/{PASSWORD}@//h:1521/WMS"},
            ("must not contain credentials",),
        ),
        ("e-mails no list", "alertEmails", {"emails": "a@b.example"}, ('{"emails": ["name@host"]}',)),
        ("e-mail no address", "alertEmails", {"emails": ["nobody"]}, ("'nobody' is not an e-mail address",)),
        ("nobody to mail", "alertEmails", {"emails": []}, ("no addresses in 'emails'", "set subscribe: false")),
        ("broker cut short", "brokerString", "10.1.2:9094", ("the host of entry 1 of 1 is neither",)),
        ("broker without port", "brokerString", "hidden-broker-1.example", ("entry 1 of 1 is not host:port",)),
        ("brokers with gap", "brokerString", "hidden-broker-1.example:9094,,x:9094", ("entry 2 of 3",)),
        ("brokers mixed", "brokerString", "hidden-broker-1.x:9094,hidden-broker-2.x:9096", ("mixes the ports 9094, 9096",)),
        ("brokers with a port each", "brokerString", "hidden-broker.x:9001,hidden-broker.x:9002", ("mixes the ports 9001, 9002", "set kafka_auth to")),
        ("brokers' multi-VPC port", "brokerString", "hidden-broker-1.x:14001", ("MSK's for multi-VPC connectivity", "set kafka_auth to")),
        ("brokers with a no-break space", "brokerString", "hidden-broker-1.x:9094\u00a0", ("a no-break space (U+00A0) at its end",)),
        ("user with a line break", "dbInfo", {**db, "username": "hidden-reader\n"}, ("'username' has a line break (U+000A) at its end",)),
        ("password with a space", "dbInfo", {**db, "password": f"{PASSWORD} "}, ("'password' begins or ends with a space",)),
        ("key with a zero width space", "dbInfo", {**db, "sid\u200b": "W"}, ("the name of key 6 of 6 has a zero width space",)),
        ("brokers' port unknown", "brokerString", "hidden-broker-1.x:9999", ("9999", "set kafka_auth to")),
        ("brokers' port none", "brokerString", "hidden-broker-1.x:99999", ("99999 is not a port",)),
        ("path without slashes", "iam/path", "developer", ("'developer' is not an IAM path", "like /")),
        ("boundary no ARN", "iam/permissionsBoundary", "boundary", ("'boundary' is not a policy ARN", "expected arn:")),
        (
            "boundary of another account",
            "iam/permissionsBoundary",
            "arn:aws:iam::123456789012:policy/boundary",
            ("account 123456789012", "account 000000000000"),
        ),
        ("balancer without certificate", "connectAlbTls", {"certificateAuthorityPem": "x"}, ("lacks 'certificateArn'",)),
        (
            "balancer with another ARN",
            "connectAlbTls",
            {"certificateArn": "arn:aws:iam::000000000000:server-certificate/x", "certificateAuthorityPem": "x"},
            ("'certificateArn'", "is not such an ARN; expected arn:aws:acm:"),
        ),
        (
            "balancer with two ARNs",
            "connectAlbTls",
            {"certificateArn": "x", "certificateAuthorityArn": "x", "certificateAuthorityPem": "x"},
            ("has both 'certificateArn' and 'certificateAuthorityArn'",),
        ),
        (
            "balancer without PEM",
            "connectAlbTls",
            {"certificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/x", "certificateAuthorityPem": "x"},
            ("'certificateAuthorityPem' is not a PEM",),
        ),
    ]  # fmt: skip
    for name, secret, value, words in table:
        text = value if isinstance(value, str) else json.dumps(value)
        yield Case(f"{secret}: {name}", (f"wms/val/{secret}", *words), secrets={f"val/{secret}": text})
    credentials = {"username": "hidden-reader", "password": PASSWORD}
    scram = "kafka_auth: scram\n"
    for name, secrets, words in (
        ("missing", {}, ("wms/val/kafkaCredentials", "wms/default/kafkaCredentials")),
        ("denied", {"val/kafkaCredentials": Is.DENIED}, ("wms/val/kafkaCredentials", "may not be read")),
        ("half", {"val/kafkaCredentials": {"username": "hidden-reader"}}, ("lacks 'password'",)),
        ("quote", {"val/kafkaCredentials": {**credentials, "password": f'{PASSWORD}"'}}, ("double quote",)),
    ):
        brokers = {"val/brokerString": "hidden-broker-1.x:9096"}
        yield Case(f"kafkaCredentials {name}", words, settings=scram, secrets={**brokers, **secrets})


def wrong_settings() -> Iterator[Case]:
    """A stage's config.yaml: the setting, its value, what is allowed."""
    table: dict[str, tuple[str, ...]] = {
        "desired_cuont: 2": ("unknown setting 'desired_cuont'", "known: ", "did you mean desired_count?"),
        "protected: true": ("unknown setting 'protected'",),
        "kafka_auth: ssl": ("'ssl' is unknown; allowed: tls, scram, iam, plaintext",),
        "kafka_auth: iam": ("kafka_auth is iam, but the port", "set kafka_auth to"),
        "protect: true": ("config/val/config.yaml sets 'protect'", "blocks `sceptre launch` too"),
        "stack_tags: {project: other}": ("config/val/config.yaml sets 'stack_tags'", "stages are found"),
        "parameters: {}": ("config/val/config.yaml sets 'parameters'", "belongs to one stack"),
        "image: repository:latest": ("image 'repository:latest' is not pinned by digest", "sha256"),
        "broker_cidrs: [10.0.0/8]": ("broker_cidrs: '10.0.0/8' is not an IPv4 CIDR block",),
        "broker_cidrs: [10.0.0.0/33]": ("'10.0.0.0/33' is not an IPv4 CIDR block", "like 10.20.0.0/16"),
        "broker_cidrs: 10.0.0.0/8": ("broker_cidrs '10.0.0.0/8' is not a list",),
        "database_cidrs: [300.1.1.1/32]": ("database_cidrs: '300.1.1.1/32'",),
        "database_cidrs: [10.1.1.1]": ("'10.1.1.1' is not an IPv4 CIDR block",),
        "task_cpu: 1000": ("task_cpu 1000 is not a Fargate size; allowed: 256, 512",),
        "task_cpu: big": ("task_cpu", "'big'"),
        "task_memory: 3000": ("task_memory 3000 is not possible with task_cpu 1024", "2048 to 8192"),
        "container_memory: 4096": ("container_memory 4096 is more than task_memory 3072",),
        "container_cpu: 2048": ("container_cpu 2048 is more than task_cpu 1024",),
        "container_cpu: 0": ("container_cpu", "greater than 0"),
        "alarm_mails: all": ("alarm_mails", "'once' or 'every', not 'all'"),
        "desired_count: -1": (
            "desired_count",
            "greater than or equal to 0, not -1",
            "config/val/config.yaml",
        ),
        "desired_count: many": ("desired_count", "'many'"),
        "subnets: public": ("subnets 'public' is unknown; allowed: private, data",),
        "connector: {kind: debezum}": ("connector.kind 'debezum' is unknown; allowed: debezium, jdbc",),
        "connector: {heartbeats: 3}": ("connector.heartbeats is an unknown setting; known: kind",),
        "connector: {heartbeat_seconds: 0}": ("connector.heartbeat_seconds 0", "1 to 3600"),
        "connector: jdbc": ("connector", "'jdbc'"),
        "log_retention_days: 42": ("log_retention_days", "42"),
        "secret_prefix: /wms": ("secret_prefix '/wms'",),
        "account_id: '123456789012'": ("account 000000000000", "account_id is 123456789012"),
        "account_id: 12345": ("account_id 12345 is not an account number", "12 digits"),
        "allowed_regions: [us-gov-west-1]": ("region us-east-1 is not in", "us-gov-west-1", "AWS_REGION"),
        "allowed_regions: us-east-1": ("allowed_regions 'us-east-1' is not a list",),
        "owner: '{}'": ("owner '{}' cannot be used as a tag",),
        "expires: '2030-02-31'": ("expires '2030-02-31' is not a date",),
        "expires: next week": ("expires 'next week' is not a date",),
        "task_cpu: 512\ntask_cpu: 1024": ("config/val/config.yaml says 'task_cpu' twice, in lines 1 and 2",),
        "image: '{{ nowhere }}'": ("val/config.yaml", "'nowhere' is undefined"),
    }
    for text, words in table.items():
        yield Case(f"config.yaml: {text}", words, settings=f"{text}\n")
    named = json.dumps({**DB_INFO, "host": "oracle.example"})
    yield Case(
        "host name without CIDRs",
        ("'oracle.example' is a name", "database_cidrs"),
        secrets={"val/dbInfo": named},
    )
    iam = "hidden-broker-1.x:9098"
    yield Case("brokers with IAM without ARN", ("needs msk_cluster_arn",), secrets={"val/brokerString": iam})
    yield Case(
        "brokers with IAM and something else for an ARN",
        ("'bigmac' is not the ARN of an MSK cluster", "expected"),
        secrets={"val/brokerString": iam},
        settings="msk_cluster_arn: bigmac\n",
    )


def link_stage(project: Path, name: str) -> None:
    """A directory below config/ephemeral as somebody makes it by hand, whatever its name."""
    directory = project / "config" / "ephemeral" / name
    directory.mkdir(parents=True)
    up = "/".join([".."] * (2 + name.count("/")))
    for path in (project / "config" / "default").glob("*.yaml"):
        (directory / path.name).symlink_to(f"{up}/default/{path.name}")


def stages() -> Iterator[Case]:
    """Stages that are refused, typed or made by hand, and paths that are no stage."""
    by_hand = {
        "main": "named stage", "production": "named stage", "Main": "only in case", "VAL": "only in case",
        "default": "are reserved", "foundation": "are reserved", "Ephemeral": "are reserved",
        "wms": "mistaken", "aws": "mistaken", "mgmt": "mistaken", "aws.wms": "mistaken", "WMS": "mistaken",
        "_": "mistaken", "__consumer": "mistaken", "a b": "a letter", "a\n": "a letter", "é": "a letter",
        "A" * 65: "1 to 64 characters", "a/b": "a letter", "a;b": "a letter",
    }  # fmt: skip
    for name, word in by_hand.items():
        yield Case(
            f"ephemeral/{name!r} by hand",
            ("is refused", word),
            command=("launch", f"ephemeral/{name}", "--yes"),
            arrange=lambda project, name=name: link_stage(project, name),  # type: ignore[misc]
        )
    for path in ("Main", "VAL", "a b", "feature/x", "nowhere", "ephemeral/x", "main/nothing.yaml"):
        yield Case(f"no such path: {path!r}", ("No stacks detected",), command=("launch", path, "--yes"))
    several = ("is not a stage; nothing was changed", "main, val, production", "ephemeral/<branch>")
    for verb in ("launch", "create", "update", "delete"):
        yield Case(f"{verb} without a stage", several, command=(verb, "", "--yes"))
    for verb in ("launch", "delete"):
        yield Case(
            f"{verb} of all branches",
            several,
            command=(verb, "ephemeral", "--yes"),
            arrange=lambda project: link_stage(project, "one"),
        )
    for command in (
        ("update", "--change-set", "val", "--yes"),
        ("create", "val/alerts.yaml", "mine", "--yes"),
        ("execute", "val/alerts.yaml", "mine", "--yes"),
    ):
        yield Case(
            f"{command[0]} of a change set",
            ("a change set leaves out", "nothing was changed", "`sceptre launch val`"),
            command=command,
        )
    yield Case("launch without an argument", ("Missing argument 'PATH'",), command=("launch",))
    yield Case("a slash too many", ("main/", "trailing slash"), command=("launch", "main/", "--yes"))
    yield Case("the pattern for stages", ("'default' is refused",), command=("launch", "default", "--yes"))
    for stage in ("main", "val", "production"):
        yield Case(
            f"delete of {stage}", ("named stage", "nothing was changed"), command=("delete", stage, "--yes")
        )


def places() -> Iterator[Case]:
    """The wrong account, region or credentials."""
    west = {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-west-2"}
    yield Case(
        "no foundation", ("wms-foundation does not exist", "`sceptre launch foundation`"), environment=west
    )
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    yield Case("no credentials", ("credentials",), environment=nobody)
    yield Case("nobody answers", ("127.0.0.1:9/",), environment={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})


def stack_files() -> Iterator[Case]:
    """Slips in the files that all stages share: Sceptre would ignore them."""

    def replace(component: str, old: str, new: str) -> Callable[[Path], None]:
        def arrange(project: Path) -> None:
            path = project / "config" / "default" / f"{component}.yaml"
            text = path.read_text()
            assert old in text
            path.write_text(text.replace(old, new))

        return arrange

    for component, old, new, words in (
        (
            "connector",
            '{{ hooks(before_create=["wms_check_cluster"]',
            '{{ hooks(befor_create=["wms_check_cluster"]',
            ("unknown point 'befor_create'", "did you mean before_create?"),
        ),
        ("alarms", "{{ hooks() }}", "# no hooks", ("lacks the common hooks", "{{ hooks() }}")),
        (
            "connector",
            "dependencies:",
            "dependancies:",
            ("unknown key 'dependancies'", "did you mean dependencies?"),
        ),
        (
            "connector",
            "  desired_count: ",
            "  desired_counts: ",
            ("unknown setting 'desired_counts'; known: ",),
        ),
    ):
        place = f"val/{component}"
        yield Case(f"stack file: {new}", (place, *words), arrange=replace(component, old, new))


def commands_that_show() -> Iterator[Case]:
    """What a launch says of a secret, `diff`, `validate`, `generate` and `dump` say too, of one stack and of all.

    Kind: no command hides a refused secret.
    """
    mixed = "hidden-broker-1.x:9098,hidden-broker-2.x:9094"
    table: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
        ("brokerString", mixed, ("mixes the ports 9094, 9098", "set kafka_auth to")),
        ("dbInfo", {**DB_INFO, "username": "hidden-reader\n"}, ("'username' has a line break",)),
        ("dbInfo", Is.DENIED, ("may not be read",)),
        ("alertEmails", {"emails": []}, ("no addresses in 'emails'",)),
        (
            "vpc",
            {**VPC, "privateSubnets": ["subnet-99999999"]},
            ("names subnets that are not in account 000000000000, region us-east-1",),
        ),
    )
    for secret, value, words in table:
        for command in (("diff",), ("validate",), ("generate",), ("dump", "template")):
            for path in ("val", "val/network.yaml"):
                yield Case(
                    f"{' '.join(command)} {path}: {secret} {' '.join(words)}",
                    (f"secret wms/val/{secret}", *words),
                    command=(*command, path),
                    secrets={f"val/{secret}": value},
                )


CASES = tuple(
    case
    for make in (broken_secrets, shapes, wrong_settings, stages, places, stack_files, commands_that_show)
    for case in make()
)
