"""`wms-connector oracle-script` and `broker-script`: what others must run or grant, printed only."""

import click

from connector.domain.broker_script import broker_script as broker_text
from connector.domain.brokers import KafkaAuth, parse_auth
from connector.domain.oracle_script import OracleScript
from connector.domain.settings import KINDS, ConnectorSettings
from connector.domain.stage import Stage

_KIND = click.option("--kind", type=click.Choice(KINDS), default=KINDS[0], show_default=True)


@click.command("oracle-script")
@click.argument("stage_name", metavar="STAGE")
@_KIND
@click.option("--no-container", is_flag=True, help="The database is no container database.")
@click.option(
    "--heartbeat-table",
    default="",
    metavar="SCHEMA.TABLE",
    help="With the table that connector.heartbeat_table of the stage names.",
)
def oracle_script(stage_name: str, kind: str, heartbeat_table: str, *, no_container: bool) -> None:
    """Print what a DBA runs for STAGE: archive log, supplemental logging, user, grants, checks.

    For exactly the captured tables. Nothing is connected to; the text holds no password.
    """
    settings = ConnectorSettings(kind=kind, heartbeat_table=heartbeat_table)
    script = OracleScript(settings.kind, not no_container, settings.heartbeat_table)
    click.echo(script.text(Stage.parse(stage_name)), nl=False)


@click.command("broker-script")
@click.argument("stage_name", metavar="STAGE")
@_KIND
@click.option(
    "--kafka-auth",
    type=click.Choice([auth.value for auth in KafkaAuth]),
    default=KafkaAuth.TLS.value,
    show_default=True,
    help="How clients authenticate to the brokers.",
)
def broker_script(stage_name: str, kind: str, kafka_auth: str) -> None:
    """Print what the cluster's owners grant STAGE: ingress, topics, groups, transactional ids."""
    settings = ConnectorSettings(kind=kind)
    click.echo(broker_text(Stage.parse(stage_name), parse_auth(kafka_auth), settings), nl=False)
