"""`wms-connector status` and `verify`: inspect a deployed stage. Nothing is changed."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from time import sleep

import click

from connector.aws import account
from connector.commands.output import (
    json_option,
    plain_terminal,
    print_json,
    print_table,
    sparkline,
    waiting,
)
from connector.domain.health.check_result import TITLES, CheckResult, problems
from connector.domain.health.report import evaluate
from connector.domain.stage.stage import Stage
from connector.operations.inspection import inspect

_LAG = "ReplicationLagSeconds"
#: How many bars of the lag are shown.
_BARS = 40
_WAITS = "{stage}: asking AWS and the stage's admin function; 15 s at most"
#: A person waits: a second try of a service that does not answer, and no third.
_QUICK = dict.fromkeys(("cloudformation", "cloudwatch", "sns", "logs", "sts"), 2) | {"lambda": 1}


@click.command()
@click.argument("stage_name", metavar="STAGE")
@click.option("--watch", is_flag=True, help="Look again and again until Ctrl-C.")
@click.option(
    "--every",
    type=click.FloatRange(1, 3600),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="The pause between two looks of --watch.",
)
@json_option
def status(stage_name: str, every: float, *, watch: bool, as_json: bool) -> None:
    """Show what of STAGE is deployed and running: stacks, workers, brokers, lag, heartbeat, restarts.

    Every check has a row, whether it passed or not. A part that could not be read has the reason in its row.
    The lag has a picture of the last three hours, of one bar for each health check; with --watch each look
    adds a bar. Exit status 1 if the stage is not deployed.
    """
    stage = Stage.parse(stage_name)
    port = account.Account(attempts=_QUICK)
    looked: list[float] = []
    try:
        while True:
            _show_status(port, stage, looked, clear=watch, as_json=as_json)
            if not watch:
                return
            sleep(every)
    except KeyboardInterrupt:
        # The way to end a watch.
        return


def _show_status(
    port: account.Account, stage: Stage, looked: list[float], *, clear: bool, as_json: bool
) -> None:
    """One look; what it measures of the lag is added to `looked`."""
    now = datetime.now(UTC)
    with waiting(_WAITS.format(stage=stage.name), always=not as_json):
        facts = inspect(port, stage, now)
    if as_json:
        print_json(facts.to_json())
        return
    results = evaluate(facts, now)
    looked += [r.value for r in results if r.name == _LAG and r.value is not None]
    rows = _rows(results)
    picture = _lag_picture([*(seconds for _, seconds in facts.lags), *(looked if clear else ())])
    if picture:
        at = next((place for place, (title, _) in enumerate(rows, 1) if title == TITLES[_LAG]), len(rows))
        rows.insert(at, ("", picture))
    if clear and sys.stdout.isatty():
        click.clear()
    when = f", {now:%H:%M:%S} UTC" if clear else ""
    print_table(f"Stage {stage.name}{when}", rows, states=_states(results))


def _lag_picture(lags: Sequence[float]) -> str:
    """The newest lags as bars, as many as fit beside the titles, and the highest of them."""
    shown = lags[-_BARS:]
    if len(shown) < 2:
        return ""
    return f"{sparkline(shown, plain=plain_terminal())} up to {max(shown):g} s"


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
    with waiting(_WAITS.format(stage=stage.name)):
        results = evaluate(inspect(account.Account(attempts=_QUICK), stage, now), now)
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
        print_table(f"Stage {stage.name} is healthy; checked:", _rows(results), states=_states(results))
    context.exit(1 if found else 0)


def _rows(results: Sequence[CheckResult]) -> list[tuple[str, str]]:
    """A row for each check: what was seen, or the reason why it did not pass."""
    rows: dict[str, list[str]] = {}
    for result in results:
        if result.shown:
            rows.setdefault(result.title, []).append(_cell(result))
    return [(title, "; ".join(filter(None, cells))) for title, cells in rows.items()]


def _states(results: Sequence[CheckResult]) -> dict[str, bool | None]:
    """By title: whether all its checks passed; None if one is not sure and none failed."""
    found: dict[str, bool | None] = {}
    for result in results:
        before = found.get(result.title, True)
        found[result.title] = (
            False if False in (before, result.ok) else None if None in (before, result.ok) else True
        )
    return found


def _cell(result: CheckResult) -> str:
    if result.ok:
        return result.summary
    return (
        f"{result.reason} (not sure yet: run verify again in a minute)"
        if result.ok is None
        else result.reason
    )
