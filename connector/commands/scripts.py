"""`wms-connector oracle-script` and `broker-script`: print what DBA and cluster owners must run or grant."""

from dataclasses import replace
from typing import Any

import click

from connector.commands.output import json_option, print_json
from connector.domain.capture.broker_script import broker_needs
from connector.domain.capture.broker_script import broker_script as broker_text
from connector.domain.capture.dba_checklist import DbaChecklist
from connector.domain.capture.oracle_script import OracleScript
from connector.domain.capture.settings import KINDS, ConnectorSettings
from connector.domain.errors import OperatorError
from connector.domain.secrets.brokers import KafkaAuth, auth_of, parse_auth
from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import JDBC_TOPICS
from connector.operations.stage_settings import connector_settings
from connector.operations.stage_settings import kafka_auth as configured_auth

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
@json_option
def oracle_script(
    stage_name: str,
    kind: str | None,
    heartbeat_table: str | None,
    *,
    no_container: bool,
    checklist: bool,
    as_json: bool,
) -> None:
    """Print what a DBA must run for STAGE: archive log, supplemental logging, user, grants, checks.

    The script covers exactly the captured tables and holds no password. Settings are those of the stage's
    config.yaml in this checkout, unless an option gives them. This command connects to nothing.
    """
    stage = Stage.parse(stage_name)
    settings = _settings(stage, kind=kind, heartbeat_table=heartbeat_table)
    script = OracleScript(settings.kind, not no_container, settings.heartbeat_table)
    points = DbaChecklist(stage, script, settings.archived_log_hours)
    if as_json:
        print_json(
            {
                "stage": stage.name,
                "kind": script.kind,
                "container": script.container,
                "tables": [f"{schema}.{table}" for schema, table in script.tables],
                "heartbeat_table": script.heartbeat_table,
                **({"checklist": [vars(point) for point in points.points]} if checklist else {}),
                **({} if checklist else {"script": script.text(stage)}),
            }
        )
        return
    click.echo(points.text() if checklist else script.text(stage), nl=False)


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
    help="kafka_auth, if not the stage's setting. Without both: what --port stands for, else tls.",
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
@json_option
def broker_script(
    stage_name: str,
    kind: str | None,
    kafka_auth: str | None,
    *,
    jdbc_topics: str | None,
    ports: tuple[int, ...],
    heartbeat_table: str | None,
    max_record_mib: int | None,
    as_json: bool,
) -> None:
    """Print what the cluster's owners must grant STAGE: ingress, topics, groups, transactional ids.

    This command connects to nothing. Settings are those of the stage's config.yaml in this checkout, unless
    an option gives them; give with --port what the secret brokerString says.
    """
    stage = Stage.parse(stage_name)
    settings = _settings(
        stage,
        kind=kind,
        jdbc_topics=jdbc_topics,
        heartbeat_table=heartbeat_table,
        max_record_mib=max_record_mib,
    )
    chosen = kafka_auth or configured_auth(stage)
    auth = _auth(chosen, ports)
    if chosen is None and not ports:
        click.echo(
            f"this is for {auth}: the stage's config has no kafka_auth; for other brokers give --kafka-auth "
            "(scram, iam or plaintext), or --port with the port in the secret brokerString",
            err=True,
        )
    if as_json:
        print_json({**broker_needs(stage, auth, settings, ports), "kind": settings.kind})
        return
    click.echo(broker_text(stage, auth, settings, ports), nl=False)


def _auth(chosen: str | None, ports: tuple[int, ...]) -> KafkaAuth:
    """The way to authenticate that is meant; the ports say it where nothing else does."""
    meant = auth_of(ports[0]) if len(set(ports)) == 1 else None
    if chosen is None:
        return meant or KafkaAuth.TLS
    auth = parse_auth(chosen)
    if meant not in (None, auth):
        raise OperatorError(
            f"--port {ports[0]} is MSK's port for {meant}, not for {auth}; give --kafka-auth {meant}, or the "
            "port of the broker string"
        )
    return auth
