"""`wms-connector stage`: every name that is derived from a stage."""

from typing import Any

import click

from connector.commands.output import json_option, print_json, print_table, several
from connector.domain.secrets import fallback, secrets
from connector.domain.stage import aws_names
from connector.domain.stage.stage import Stage
from connector.domain.stage.topics import Catalogue


@click.group()
def stage() -> None:
    """Show every name that is derived from a stage."""


@stage.command()
@click.argument("stage_name", metavar="STAGE")
@click.option(
    "--secret-prefix",
    default=fallback.DEFAULT_PREFIX,
    show_default=True,
    help="First part of secret paths: secret_prefix in config/config.yaml.",
)
@json_option
def show(stage_name: str, secret_prefix: str, *, as_json: bool) -> None:
    """Show every name that is derived from STAGE.

    Write a stage that begins with '-' after '--'. If STAGE is not allowed, the reason is printed and the
    exit status is 2.
    """
    found = describe(Stage.parse(stage_name), secret_prefix)
    if as_json:
        print_json(found)
        return
    kind = "ephemeral" if found["ephemeral"] else "named"
    facts = [(key, str(found[key])) for key in ("slug", "namespace", "topic_prefix", "connector")]
    print_table(f"{found['stage']} ({kind} stage)", [(key, value or "none") for key, value in facts])
    print_table("Stacks", found["stacks"].items())
    print_table("AWS names", found["names"].items())
    print_table("Topics", several(found["topics"]))
    print_table("Consumer groups", found["groups"].items())
    print_table("Secrets (the second only when the first does not exist)", several(found["secrets"]))


def describe(stage: Stage, secret_prefix: str) -> dict[str, Any]:
    """Every derived name of `stage`, as `--json` prints it."""
    catalogue = stage.topics
    stacks = stage.names.stacks
    return {
        "stage": stage.name,
        "ephemeral": stage.ephemeral,
        "slug": stage.slug,
        "namespace": stage.namespace,
        "topic_prefix": catalogue.prefix,
        "connector": aws_names.CONNECTOR,
        "stacks": dict(stacks),
        "topics": {role: list(found) for role, found in catalogue.roles.items()},
        "groups": dict(zip(_groups(catalogue), catalogue.groups, strict=True)),
        "names": {k: v for k, v in stage.names.flat().items() if not k.startswith("stack_")},
        "secrets": {
            name: list(fallback.candidate_paths(secret_prefix, stage.name, name))
            for name in secrets.SECRET_NAMES
        },
    }


def _groups(catalogue: Catalogue) -> tuple[str, ...]:
    previous = ("connect_previous",) if catalogue.previous_group else ()
    return ("connect", *previous, "signal")
