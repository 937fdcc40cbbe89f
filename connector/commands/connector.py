"""`wms-connector connector`: the connector's config, and what a launch would change in it and the topics."""

from typing import IO

import click

from connector.commands.output import (
    file_name,
    json_option,
    print_json,
    print_table,
    read_text,
    waiting,
)
from connector.domain.capture.config import connector_config
from connector.domain.secrets import secrets
from connector.domain.secrets.brokers import KafkaAuth, choose_auth, parse_auth, parse_brokers
from connector.domain.secrets.database import parse_database
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import StoredSecret
from connector.domain.stage.stage import Stage
from connector.operations.stage_settings import connector_settings
from connector.operations.stage_settings import kafka_auth as configured_auth

# Used when the operator gives no address: names that cannot exist (RFC 6761).
_EXAMPLE_DB_INFO = (
    '{"host": "oracle.invalid", "port": 1521, "dbname": "WMS", "username": "example", "password": "example"}'
)
_EXAMPLE_BROKERS = ("b-1.kafka.invalid", "b-2.kafka.invalid")


@click.group()
def connector() -> None:
    """Show the connector's config of a stage, and how the registered one differs from it."""


@connector.command()
@click.argument("stage_name", metavar="STAGE")
@click.option(
    "--db-info",
    type=click.File("rb"),
    help="A file that holds the JSON of the secret dbInfo, or - for stdin. Default: an example address.",
)
@click.option(
    "--broker",
    help="The broker string; its port decides how clients authenticate. Default: example names.",
)
@click.option(
    "--kafka-auth",
    type=click.Choice([auth.value for auth in KafkaAuth]),
    help="kafka_auth, if not the stage's setting. Without both, the broker string's port decides.",
)
@json_option
def config(
    stage_name: str, db_info: IO[bytes] | None, broker: str | None, kafka_auth: str | None, *, as_json: bool
) -> None:
    """Show the connector config of STAGE as it would be registered with Kafka Connect.

    Credentials and the broker string are ${env:…} placeholders, which the worker resolves: the output
    holds nothing confidential. Settings are those of the stage's config.yaml in this checkout. What its
    secrets say is an example where no option gives it: `connector diff` compares with what is registered.
    """
    stage = Stage.parse(stage_name)
    text = _EXAMPLE_DB_INFO if db_info is None else read_text(db_info, "--db-info")
    origin = secrets.DB_INFO if db_info is None else f"{secrets.DB_INFO} ({file_name(db_info)})"
    database = parse_database(_given(origin, text))
    kafka_auth = kafka_auth or configured_auth(stage)
    wanted = KafkaAuth.TLS if kafka_auth is None else parse_auth(kafka_auth)
    brokers = broker or ",".join(f"{host}:{wanted.port}" for host in _EXAMPLE_BROKERS)
    auth = choose_auth(kafka_auth, parse_brokers(_given(secrets.BROKER_STRING, brokers)))
    found = dict(connector_config(stage, database, auth, connector_settings(stage)))
    if as_json:
        print_json(found)
        return
    print_table(f"Connector config of {stage.name} ({auth.value})", found.items())


@connector.command()
@click.argument("stage_name", metavar="STAGE")
@json_option
@click.pass_context
def diff(context: click.Context, stage_name: str, *, as_json: bool) -> None:
    """Show what a launch would change in the registered config of STAGE, and in its topics.

    Compared with what Connect and the brokers have: the settings of the stage's config.yaml in this checkout,
    and the secrets as they are now. The deployed function computes it, so what a newer version of this tool
    would add is not in it; `sceptre diff STAGE` shows that the function would be replaced. Nothing is
    changed. Exit status 1 if a key or a topic differs.
    """
    # Here, because `config` contacts nothing and starts in a moment.
    from connector.operations.config_diff import config_diff  # noqa: PLC0415

    stage = Stage.parse(stage_name)
    with waiting(f"{stage.name}: asking its admin function"):
        found = config_diff(stage, connector_settings(stage))
    differences, topics = found.details["differences"], found.details.get("topics", {})
    if as_json:
        print_json({"stage": stage.name, "summary": found.summary, **found.details})
    else:
        rows = [(key, *(_absent(value) for value in values)) for key, values in differences.items()]
        if rows:
            print_table(
                f"Connector config of {stage.name}", rows, headers=("key", "registered", "a launch makes it")
            )
        if topics:
            print_table(f"Topics of {stage.name}", topics.items(), headers=("topic", "what a launch changes"))
        click.echo(found.summary)
    context.exit(1 if differences or topics else 0)


def _absent(value: str | None) -> str:
    return "(not there)" if value is None else value


def _given(origin: str, text: str) -> StoredSecret:
    """What the operator gave, in the place of a secret."""
    return StoredSecret(origin, "", "", Redacted(text))
