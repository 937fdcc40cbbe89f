"""`wms-connector status` and `verify`: inspect a deployed stage. Nothing is changed."""

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from connector.aws import account
from connector.commands.output import json_option, print_json, print_table
from connector.domain.health.check_result import CheckResult, problems
from connector.domain.health.report import evaluate
from connector.domain.stage.stage import Stage
from connector.operations.inspection import inspect


@click.command()
@click.argument("stage_name", metavar="STAGE")
@json_option
def status(stage_name: str, *, as_json: bool) -> None:
    """Show what of STAGE is deployed and running: stacks, workers, brokers, lag, heartbeat, restarts.

    Every check has a row, whether it passed or not. A part that could not be read has the reason in its row.
    Exit status 1 if the stage is not deployed.
    """
    stage, now = Stage.parse(stage_name), datetime.now(UTC)
    facts = inspect(account.Account(), stage, now)
    if as_json:
        print_json(facts.to_json())
        return
    print_table(f"Stage {stage.name}", _rows(evaluate(facts, now)))


@click.command()
@click.argument("stage_name", metavar="STAGE")
@json_option
@click.pass_context
def verify(context: click.Context, stage_name: str, *, as_json: bool) -> None:
    """Check whether STAGE is healthy. For each problem, print the reason and the next step.

    Exit status 0 only when every check passed. A check that could not be made is a finding too. Some problems
    need a second look, such as a task that is not running yet: if a finding says that it is not sure, run
    verify again in a minute.
    """
    stage, now = Stage.parse(stage_name), datetime.now(UTC)
    results = evaluate(inspect(account.Account(), stage, now), now)
    found = problems(results)
    if as_json:
        print_json(
            {
                "stage": stage.name,
                "healthy": not found,
                "checked": dict(_rows(results)),
                "findings": [
                    {"check": r.title, "what": r.reason, "next_step": r.next_step, **r.to_payload()}
                    for r in found
                ],
            }
        )
    elif found:
        for result in found:
            click.echo(result.line())
    else:
        print_table(f"Stage {stage.name} is healthy; checked:", _rows(results))
    context.exit(1 if found else 0)


def _rows(results: Sequence[CheckResult]) -> list[tuple[str, str]]:
    """A row for each check: what was seen, or the reason why it did not pass."""
    rows: dict[str, list[str]] = {}
    for result in results:
        if result.shown:
            rows.setdefault(result.title, []).append(_cell(result))
    return [(title, "; ".join(filter(None, cells))) for title, cells in rows.items()]


def _cell(result: CheckResult) -> str:
    if result.ok:
        return result.summary
    return (
        f"{result.reason} (not sure yet: run verify again in a minute)"
        if result.ok is None
        else result.reason
    )
