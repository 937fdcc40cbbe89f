"""`wms-connector oracle-script` and `broker-script`: print what DBA and cluster owners must run or grant."""

from dataclasses import replace
from typing import Any

import click

from connector.domain.capture.broker_script import broker_script as broker_text
from connector.domain.capture.dba_checklist import DbaChecklist
from connector.domain.capture.oracle_script import OracleScript
from connector.domain.capture.settings import KINDS, ConnectorSettings
from connector.domain.errors import OperatorError
from connector.domain.secrets.brokers import KafkaAuth, auth_of, parse_auth
from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import JDBC_TOPICS
from connector.operations.stage_settings import connector_settings

_KIND = click.option("--kind", type=click.Choice(KINDS), help="connector.kind, if not the stage's setting.")
_HEARTBEAT_TABLE = click.option(
    "--heartbeat-table",
    metavar="SCHEMA.TABLE",
    help="connector.heartbeat_table, if not the stage's setting.",
)


@click.command("oracle-script")
@click.argument("stage_name", metavar="STAGE")
@_KIND
@click.option("--no-container", is_flag=True, help="The database is not a container database.")
@_HEARTBEAT_TABLE
@click.option(
    "--checklist", is_flag=True, help="Print what to tick off for this stage, as Markdown, instead."
)
def oracle_script(
    stage_name: str, kind: str | None, heartbeat_table: str | None, *, no_container: bool, checklist: bool
) -> None:
    """Print what a DBA must run for STAGE: archive log, supplemental logging, user, grants, checks.

    The script covers exactly the captured tables and holds no password. Settings are those of the stage's
    config.yaml in this checkout, unless an option gives them. This command connects to nothing.
    """
    stage = Stage.parse(stage_name)
    settings = _settings(stage, kind=kind, heartbeat_table=heartbeat_table)
    script = OracleScript(settings.kind, not no_container, settings.heartbeat_table)
    if checklist:
        click.echo(DbaChecklist(stage, script, settings.archived_log_hours).text(), nl=False)
        return
    click.echo(script.text(stage), nl=False)


def _settings(stage: Stage, **given: Any) -> ConnectorSettings:
    """The stage's settings in this checkout, changed by the options that were given."""
    wanted = {name: value for name, value in given.items() if value is not None}
    return replace(connector_settings(stage), **wanted)


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
    help="connector.jdbc_topics, if not the stage's setting.",
)
@_HEARTBEAT_TABLE
@click.option(
    "--max-record-mib",
    type=int,
    metavar="N",
    help="connector.max_record_mib, if not the stage's setting.",
)
def broker_script(
    stage_name: str,
    kind: str | None,
    kafka_auth: str,
    *,
    jdbc_topics: str | None,
    ports: tuple[int, ...],
    heartbeat_table: str | None,
    max_record_mib: int | None,
) -> None:
    """Print what the cluster's owners must grant STAGE: ingress, topics, groups, transactional ids.

    This command connects to nothing. The connector's settings are those of the stage's config.yaml in this
    checkout, unless an option gives them; repeat as options what the secret brokerString and kafka_auth say.
    """
    stage = Stage.parse(stage_name)
    settings = _settings(
        stage,
        kind=kind,
        jdbc_topics=jdbc_topics,
        heartbeat_table=heartbeat_table,
        max_record_mib=max_record_mib,
    )
    auth = parse_auth(kafka_auth)
    meant = auth_of(ports[0]) if len(set(ports)) == 1 else None
    if meant not in (None, auth):
        raise OperatorError(
            f"--port {ports[0]} is MSK's port for {meant}, not for {auth}; give --kafka-auth {meant}, or the "
            "port of the broker string"
        )
    click.echo(broker_text(stage, auth, settings, ports), nl=False)
