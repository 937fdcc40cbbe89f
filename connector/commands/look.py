"""`wms-connector status` and `verify`: what a deployed stage is like. Nothing is changed."""

from datetime import UTC, datetime

import click

from connector.commands.output import json_option, print_json, print_table
from connector.domain.stage import Stage
from connector.domain.stage_checks import judge
from connector.stage_look import Clients, look


@click.command()
@click.argument("stage_name", metavar="STAGE")
@json_option
def status(stage_name: str, *, as_json: bool) -> None:
    """Show what of STAGE is deployed and running, with its lag.

    What cannot be seen says so in its place. A stage that is not deployed exits with status 1.
    """
    stage, now = Stage.parse(stage_name), datetime.now(UTC)
    facts = look(Clients.real(), stage, now)
    if as_json:
        print_json(facts.to_json())
        return
    print_table(f"Stage {stage.name}", [(part.check, part.seen) for part in judge(facts, now)])


@click.command()
@click.argument("stage_name", metavar="STAGE")
@json_option
@click.pass_context
def verify(context: click.Context, stage_name: str, *, as_json: bool) -> None:
    """Say whether STAGE is truly healthy, and if not, what to do.

    Exit status 0 only when everything that was checked is as it must be; each finding is a line with its
    next step. What cannot be seen is a finding too.
    """
    stage, now = Stage.parse(stage_name), datetime.now(UTC)
    judged = judge(look(Clients.real(), stage, now), now)
    findings = [(part.check, wrong) for part in judged for wrong in part.wrong]
    if as_json:
        print_json(
            {
                "stage": stage.name,
                "healthy": not findings,
                "checked": {part.check: part.seen for part in judged},
                "findings": [
                    {"check": check, "what": wrong.what, "next_step": wrong.next_step}
                    for check, wrong in findings
                ],
            }
        )
    elif findings:
        for check, wrong in findings:
            click.echo(f"{check}: {wrong.what}; next: {wrong.next_step}")
    else:
        print_table(f"Stage {stage.name} is healthy; checked:", [(part.check, part.seen) for part in judged])
    context.exit(1 if findings else 0)
