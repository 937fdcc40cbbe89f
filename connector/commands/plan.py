"""`wms-connector plan`: what a launch of a stage would do, whole, or what a commit changes in templates."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from connector.commands.output import json_option, print_json, print_table, to_stderr, waiting
from connector.domain.errors import ServerError, WmsError, one_line
from connector.domain.stage import cost
from connector.domain.stage.launch_plan import Act, LaunchPlan, PlannedChange, PlanPart, announcement
from connector.domain.stage.stage import Stage
from connector.operations.stage_settings import checkout
from connector.sceptre.offline import without_connections

#: The status with --exit-code when a launch would change something, as Terraform's -detailed-exitcode has it.
CHANGES_STATUS = 2
#: How much of a value the table shows, in characters; --json has all of it.
_SHOWN = 60

_TITLES = {
    PlanPart.STACK: "Stacks",
    PlanPart.IMAGE: "Image of the workers",
    PlanPart.CONNECTOR: "Connector config",
    PlanPart.TOPIC: "Topics",
    PlanPart.BROKER_RIGHT: "Rights that the cluster owners must grant (wms-connector broker-script {stage})",
    PlanPart.DATABASE_RIGHT: "Rights that the DBA must grant (wms-connector oracle-script {stage})",
}


@click.command()
@click.argument("stage_name", metavar="STAGE")
@click.option(
    "--offline", is_flag=True, help="Compare the templates with those in --base; no AWS, no credentials."
)
@click.option(
    "--base",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="With --offline: what `wms-connector render --out DIR` has written in the other commit's checkout.",
)
@click.option(
    "--exit-code",
    is_flag=True,
    help="Exit with 2 if a launch changes something (or for a wrong option), 0 if not, 1 for other errors.",
)
@json_option
@click.pass_context
def plan(
    context: click.Context,
    stage_name: str,
    *,
    offline: bool,
    base: Path | None,
    exit_code: bool,
    as_json: bool,
) -> None:
    """Show all that `sceptre launch` of STAGE would do: nothing is changed.

    Stacks, image, connector config, topics, rights that brokers and database must grant before, what cannot
    be undone, whether workers are replaced, and the cost a month. What a launch would be refused for now is
    refused here in the same words. Rights in the database are compared with those that the launched settings
    need: nobody logs in. Confidential values are not shown.

    With --offline only the templates of this checkout are compared with those of another commit. Settings of
    the connector are among them; STAGE may also be foundation or default. Exit status 1 if a part could not
    be told.
    """
    if offline == (base is None):
        wrong = "--offline and --base DIR belong together: give both, or neither"
        raise ServerError(wrong) if exit_code else click.UsageError(wrong)
    try:
        found = _live(stage_name) if base is None else _offline(stage_name, base)
    except WmsError as error:
        # 2 is then for changes alone.
        raise ServerError(str(error)) if exit_code else error from None
    if as_json:
        print_json(found.to_json())
    else:
        _print(found)
    for reason in found.unknown:
        to_stderr(f"error: not known: {reason}")
    context.exit(1 if found.unknown else CHANGES_STATUS if exit_code and found.changes else 0)


def _live(name: str) -> LaunchPlan:
    from connector.operations.launch_plan import plan_launch  # noqa: PLC0415 - imports boto3 and Sceptre

    stage = Stage.parse(name)
    with waiting(f"{stage.name}: comparing stacks, connector and topics"):
        return plan_launch(checkout(), stage, to_stderr)


def _offline(name: str, base: Path) -> LaunchPlan:
    with without_connections():
        from connector.operations.offline_plan import plan_offline  # noqa: PLC0415
    return plan_offline(name, base)


def _print(found: LaunchPlan) -> None:
    for part, title in _TITLES.items():
        rows = [change for change in found.changes if change.part is part]
        if rows:
            _print_part(title.format(stage=found.stage), rows)
    for line in _remarks(found):
        click.echo(line)
    count = len(found.changes)
    click.echo(
        f"a launch of {found.stage} changes nothing"
        if not count
        else f"a launch of {found.stage}: {count} change{'s' * (count > 1)}"
    )


def _print_part(title: str, changes: Iterable[PlannedChange]) -> None:
    cells = [
        (change.name, change.action.value, change.place, _shown(change.before), _shown(change.after))
        for change in changes
    ]
    heads = ("what", "action", "where", "now", "then")
    # A column that nobody fills is left out.
    kept = [column for column in range(len(heads)) if any(row[column] for row in cells)]
    print_table(
        f"{title} ({len(cells)})",
        [tuple(row[column] for column in kept) for row in cells],
        headers=tuple(heads[column] for column in kept),
    )


def _remarks(found: LaunchPlan) -> Iterable[str]:
    if found.replaces_workers:
        yield announcement(found.replaces_workers)
    for change in found.guarded:
        if not change.loses or change.name in found.confirmed:
            yield f"cannot be undone: {change.describe()}"
        else:
            yield f"cannot be undone, and is refused until it is confirmed: {change.describe()}"
    before, after = cost.total(found.cost_before), cost.total(found.cost_after)
    if not before and any(change.action is Act.GRANT for change in found.changes):
        yield "which of these rights are granted already is not known before the first launch"
    if before or after:
        now = "as now" if round(before, 2) == round(after, 2) else f"now {before:.0f} USD"
        yield (
            f"cost a month: {after:.0f} USD ({now}; list prices of {cost.REGION}, {cost.AS_OF}; "
            f"{cost.NOT_COUNTED})"
        )


def _shown(value: Any) -> str:
    if value is None:
        return ""
    text = one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
