"""`wms-connector adopt`: how to move a stage from the predecessor. Changes nothing."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import click

from connector.aws import account
from connector.commands.output import file_name, json_option, print_json, print_table, read_text
from connector.domain.errors import OperatorError
from connector.domain.secrets.adoption import PREDECESSOR_PREFIX
from connector.domain.secrets.fallback import DEFAULT_PREFIX, check_prefix
from connector.domain.stage import adoption, ownership
from connector.domain.stage.adoption import Move, MoveStep, Predecessor
from connector.domain.stage.stage import EXAMPLE_STAGE, Stage
from connector.operations import adoption as reading
from connector.sceptre import render

_ROOT = Path(__file__).resolve().parents[2]


@click.command()
@click.argument("stage_name", metavar="STAGE")
@click.option("--plan", "only_plan", is_flag=True, help="Print the plan. There is nothing else yet.")
@click.option(
    "--predecessor-prefix",
    default=PREDECESSOR_PREFIX,
    show_default=True,
    help="What the paths of the predecessor's secrets start with.",
)
@click.option(
    "--secret-prefix",
    default=DEFAULT_PREFIX,
    show_default=True,
    help="This tool's setting secret_prefix: where the copies of the secrets go.",
)
@click.option("--topics-file", type=click.File("rb"), help="A file with one topic per line; - reads stdin.")
@click.option(
    "--connector-config",
    "connector_file",
    type=click.File("rb"),
    help="The predecessor's connector config as JSON: what Connect answers to "
    "GET /connectors/NAME, or the config alone.",
)
@json_option
def adopt(
    stage_name: str,
    predecessor_prefix: str,
    secret_prefix: str,
    topics_file: IO[bytes] | None,
    connector_file: IO[bytes] | None,
    *,
    only_plan: bool,
    as_json: bool,
) -> None:
    """Print how STAGE moves from the predecessor to this tool: steps, what consumers see, the way back.

    Reads the predecessor's stacks, services and secrets in this account and region; of a secret it prints
    the shape, never a value. Changes nothing. Topics and connector config come from files or, once the
    stage's functions stack is launched, from its function.
    """
    stage = Stage.parse(stage_name)
    check_prefix(secret_prefix)
    if not only_plan:
        raise OperatorError(
            f"there is only a plan: run `wms-connector adopt {stage.name} --plan`, which changes nothing, "
            f"and carry its steps out by hand ({ownership.MIGRATION})"
        )
    topics = None if topics_file is None else _topics(topics_file)
    connector = None if connector_file is None else _config(connector_file)
    wanted = _claims(stage)
    found = reading.read(
        account.Account(), stage, predecessor_prefix, wanted, topics=topics, connector=connector
    )
    plan = adoption.plan(stage, found, secret_prefix)
    if as_json:
        print_json(_to_json(plan))
        return
    _print(plan)


def _claims(stage: Stage) -> list[ownership.NameClaim]:
    """The names that a launch of the stage gives, from its templates, rendered offline.

    The VPC there is a stand-in, so security groups are not asked about. A branch needs no directory: its
    names are those of the example stage with its slug.
    """
    group = stage.name if not stage.ephemeral else "default"
    (rendered,) = render.render([group], project=_ROOT).values()
    example = Stage.parse(EXAMPLE_STAGE).names
    found = [claim for text in rendered.values() for claim in ownership.claims(json.loads(text))]
    own = found if not stage.ephemeral else [_renamed(claim, example.slug, stage) for claim in found]
    return [claim for claim in own if not claim.scope]


def _renamed(claim: ownership.NameClaim, slug: str, stage: Stage) -> ownership.NameClaim:
    return ownership.NameClaim(claim.kind, claim.name.replace(f"-{slug}", f"-{stage.slug}", 1), claim.scope)


def _topics(source: IO[bytes]) -> frozenset[str]:
    lines = read_text(source, "--topics-file").splitlines()
    return frozenset(line.strip() for line in lines if line.strip())


def _config(source: IO[bytes]) -> Mapping[str, object]:
    """The config in a file; raises `OperatorError` without repeating what is in it."""
    place = f"--connector-config {file_name(source)}"
    try:
        content = json.loads(read_text(source, "--connector-config"))
    except ValueError:
        content = None
    config = content.get("config", content) if isinstance(content, dict) else None
    if not isinstance(config, dict) or "connector.class" not in config:
        raise OperatorError(
            f"{place} is not a connector's config: expected a JSON object with 'connector.class', or "
            "Connect's answer to GET /connectors/NAME, which has it below 'config'"
        )
    return config


def _to_json(plan: Move) -> dict[str, Any]:
    found = plan.found
    return {
        "stage": plan.stage,
        "found": {
            "stacks": [
                {
                    "name": stack.name,
                    "status": stack.status,
                    "ours": stack.ours,
                    "owner": stack.owner,
                    "protected": stack.protected,
                    "resources": [{"type": kind, "id": identifier} for kind, identifier in stack.resources],
                }
                for stack in found.stacks
            ],
            "services": [
                {**vars(service), "variables": dict(service.variables), "secrets": list(service.secrets)}
                for service in found.services
            ],
            "secrets": [
                {
                    "name": secret.name,
                    "path": secret.path,
                    "kind": secret.kind,
                    "keys": list(secret.keys),
                    "more_keys": secret.more_keys,
                    "fits": secret.fits,
                    "problem": secret.problem,
                    "conversions": list(secret.conversions),
                }
                for secret in found.secrets
            ],
            "taken": [{"type": claim.kind, "name": claim.name} for claim in found.taken],
            "topics": None if found.topics is None else sorted(found.topics),
            "connector": None if found.connector is None else dict(found.connector),
        },
        "steps": [step.to_json() for step in plan.steps],
        "consumers": list(plan.consumers),
        "back": [step.to_json() for step in plan.back],
        "unknown": list(plan.unknown),
    }


def _print(plan: Move) -> None:
    found = plan.found
    print_table(
        f"Stacks with the names of stage {plan.stage} ({len(found.stacks)})",
        [
            (stack.name, stack.status, "this tool's" if stack.ours else stack.owner, _holds(stack.resources))
            for stack in found.stacks
        ],
        headers=("stack", "state", "whose", "holds"),
    )
    print_table(
        f"Secrets below {found.prefix}/ (shapes only)",
        [
            (
                secret.name,
                secret.path or "-",
                secret.describe(),
                "as it is" if secret.fits else _needs(secret),
            )
            for secret in found.secrets
        ],
        headers=("secret", "found at", "is", "can be copied"),
    )
    print_table("Other things that were found", list(_others(found)), headers=("what", "is"))
    click.echo("The move:")
    _print_steps(plan.steps)
    click.echo("\nWhat consumers see:")
    for line in plan.consumers:
        click.echo(f"  {line}")
    click.echo("\nThe way back:")
    _print_steps(plan.back)
    click.echo("\nNot known:")
    for line in plan.unknown:
        click.echo(f"  {line}")
    click.echo("\nNothing was changed.")


def _holds(resources: Iterable[tuple[str, str]]) -> str:
    kinds = [kind.removeprefix("AWS::") for kind, _ in resources]
    return ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))


def _needs(secret: Any) -> str:
    return (
        "; ".join((*((secret.problem,) if secret.problem and secret.path else ()), *secret.conversions))
        or "-"
    )


def _others(found: Predecessor) -> Iterator[tuple[str, str]]:
    for service in found.services:
        yield (
            f"service {service.cluster}/{service.name}",
            (
                f"{service.running} of {service.desired} tasks of {service.definition}, "
                f"image {service.image}, {service.cpu} CPU units, {service.memory} MiB; "
                f"secrets in {', '.join(service.secrets) or 'none'}"
            ),
        )
        yield from ((name, value) for name, value in service.variables.items())
    for claim in found.taken:
        yield str(claim), "exists, in no stack of this tool"
    for key, value in (found.connector or {}).items():
        yield f"connector: {key}", value


def _print_steps(steps: Iterable[MoveStep]) -> None:
    for number, step in enumerate(steps, 1):
        click.echo(f"  {number}. {step.title}")
        for command in step.commands:
            click.echo(f"       {command}")
        if step.note:
            click.echo(f"     ({step.note})")
