"""`wms-connector oracle-script` and `broker-script`: print what DBA and cluster owners must run or grant."""

import click

from connector.domain.capture.broker_script import broker_script as broker_text
from connector.domain.capture.oracle_script import OracleScript
from connector.domain.capture.settings import KINDS, ConnectorSettings
from connector.domain.errors import OperatorError
from connector.domain.secrets.brokers import KafkaAuth, auth_of, parse_auth
from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import JDBC_TOPICS

_KIND = click.option("--kind", type=click.Choice(KINDS), default=KINDS[0], show_default=True)
_HEARTBEAT_TABLE = click.option(
    "--heartbeat-table",
    default="",
    metavar="SCHEMA.TABLE",
    help="The heartbeat table: the stage's setting connector.heartbeat_table.",
)


@click.command("oracle-script")
@click.argument("stage_name", metavar="STAGE")
@_KIND
@click.option("--no-container", is_flag=True, help="The database is not a container database.")
@_HEARTBEAT_TABLE
def oracle_script(stage_name: str, kind: str, heartbeat_table: str, *, no_container: bool) -> None:
    """Print what a DBA must run for STAGE: archive log, supplemental logging, user, grants, checks.

    The script covers exactly the captured tables and holds no password. This command connects to nothing.
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
@click.option(
    "--port",
    "ports",
    type=click.IntRange(1, 65535),
    multiple=True,
    metavar="N",
    help="The port in the stage's broker string; repeat the option where each broker has its own. "
    "Default: MSK's port for --kafka-auth.",
)
@click.option(
    "--jdbc-topics",
    type=click.Choice([*JDBC_TOPICS]),
    default=ConnectorSettings().jdbc_topics,
    show_default=True,
    help="connector.jdbc_topics of the stage, for --kind jdbc.",
)
@_HEARTBEAT_TABLE
@click.option(
    "--max-record-mib",
    type=int,
    default=ConnectorSettings().max_record_mib,
    show_default=True,
    metavar="N",
    help="connector.max_record_mib of the stage.",
)
def broker_script(
    stage_name: str,
    kind: str,
    kafka_auth: str,
    *,
    jdbc_topics: str,
    ports: tuple[int, ...],
    heartbeat_table: str,
    max_record_mib: int,
) -> None:
    """Print what the cluster's owners must grant STAGE: ingress, topics, groups, transactional ids.

    This command connects to nothing and reads no settings. Repeat as options what the stage's config.yaml
    and its secret brokerString set.
    """
    settings = ConnectorSettings(
        kind=kind, jdbc_topics=jdbc_topics, heartbeat_table=heartbeat_table, max_record_mib=max_record_mib
    )
    auth = parse_auth(kafka_auth)
    meant = auth_of(ports[0]) if len(set(ports)) == 1 else None
    if meant not in (None, auth):
        raise OperatorError(
            f"--port {ports[0]} is MSK's port for {meant}, not for {auth}; give --kafka-auth {meant}, or the "
            "port of the broker string"
        )
    click.echo(broker_text(Stage.parse(stage_name), auth, settings, ports), nl=False)
