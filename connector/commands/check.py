"""`wms-connector check`: run the health check of a stage now."""

from collections.abc import Iterable, Mapping
from typing import Any

import click

from connector.commands.output import json_option, print_json, print_table, waiting
from connector.domain.stage.stage import Stage
from connector.operations.health_check import health_check


@click.command()
@click.argument("stage_name", metavar="STAGE")
@json_option
@click.pass_context
def check(context: click.Context, stage_name: str, *, as_json: bool) -> None:
    """Run the health check of STAGE now, as its schedule does, and print the verdict.

    It does all that a scheduled check does: it publishes metrics, restarts what has failed within the restart
    budget, and mails what is due. `verify` changes nothing and checks more. Exit status 0 if the check found
    nothing wrong.
    """
    stage = Stage.parse(stage_name)
    with waiting(f"{stage.name}: the health check runs; it takes up to a minute"):
        found = health_check(stage)
    well = found["healthy"]
    if as_json:
        print_json({"stage": stage.name, **found})
    else:
        print_table(f"Health check of {stage.name}", _rows(found), states={"verdict": well})
    context.exit(0 if well else 1)


def _rows(found: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield "verdict", str(found.get("summary", ""))
    for name, cause in dict(found.get("causes") or {}).items():
        yield name, f"class {cause.get('class')}, owner {cause.get('owner')}"
    yield from ((name, str(reason)) for name, reason in dict(found.get("unknown") or {}).items())
    titles = {"done": "done", "withheld": "not done", "notified": "mailed", "maintenance": "maintenance"}
    for key, title in titles.items():
        if found.get(key):
            yield title, str(found[key])
    if found.get("skipped_changes_mailed"):
        yield "skipped", ", ".join(map(str, found["skipped_changes_mailed"]))
    metrics = dict(found.get("metrics") or {})
    yield "metrics", ", ".join(f"{name} {value:g}" for name, value in sorted(metrics.items())) or "none"
    if "seconds" in found:
        yield "took", f"{found['seconds']} s"
