"""`wms-connector connector`: the connector's config before anything is deployed."""

from typing import IO

import click

from connector.commands.output import file_name, json_option, print_json, print_table, read_text
from connector.domain.capture.config import connector_config
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.secrets import secrets
from connector.domain.secrets.brokers import KafkaAuth, choose_auth, parse_brokers
from connector.domain.secrets.database import parse_database
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import StoredSecret
from connector.domain.stage.stage import Stage

# Used when the operator gives no address: names that cannot exist (RFC 6761).
_EXAMPLE_DB_INFO = (
    '{"host": "oracle.invalid", "port": 1521, "dbname": "WMS", "username": "example", "password": "example"}'
)
_EXAMPLE_BROKERS = ("b-1.kafka.invalid", "b-2.kafka.invalid")


@click.group()
def connector() -> None:
    """Show the connector of a stage before anything is deployed."""


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
    help="How clients authenticate, if the port is not one of MSK's.",
)
@json_option
def config(
    stage_name: str, db_info: IO[bytes] | None, broker: str | None, kafka_auth: str | None, *, as_json: bool
) -> None:
    """Show the connector config of STAGE as it would be registered with Kafka Connect.

    Credentials and the broker string are ${env:…} placeholders, which the worker resolves: the output
    holds nothing confidential. Settings have their default values.
    """
    stage = Stage.parse(stage_name)
    text = _EXAMPLE_DB_INFO if db_info is None else read_text(db_info, "--db-info")
    origin = secrets.DB_INFO if db_info is None else f"{secrets.DB_INFO} ({file_name(db_info)})"
    database = parse_database(_given(origin, text))
    wanted = KafkaAuth.TLS if kafka_auth is None else KafkaAuth(kafka_auth)
    brokers = broker or ",".join(f"{host}:{wanted.port}" for host in _EXAMPLE_BROKERS)
    auth = choose_auth(kafka_auth, parse_brokers(_given(secrets.BROKER_STRING, brokers)))
    found = dict(connector_config(stage, database, auth, ConnectorSettings()))
    if as_json:
        print_json(found)
        return
    print_table(f"Connector config of {stage.name} ({auth.value})", found.items())


def _given(origin: str, text: str) -> StoredSecret:
    """What the operator gave, in the place of a secret."""
    return StoredSecret(origin, "", "", Redacted(text))
