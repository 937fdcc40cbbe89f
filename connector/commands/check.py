"""`wms-connector check`: run the health check of a stage now."""

from collections.abc import Iterable, Mapping
from typing import Any

import click

from connector.aws import account
from connector.aws.admin_function import NoFunction
from connector.aws.health_function import invoke_health
from connector.commands.output import json_option, print_json, print_table, waiting
from connector.domain.errors import ServerError
from connector.domain.stage.stage import Stage
from connector.operations.not_deployed import not_deployed

#: Without the fields of EventBridge's events, which start other runs.
_EVENT = {"started_by": "wms-connector check"}


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
    # A check whose answer was lost has been made: it is not made twice.
    port = account.Account(attempts={"lambda": 1})
    with waiting(f"{stage.name}: the health check runs; it takes up to a minute"):
        try:
            found = invoke_health(port, stage, _EVENT, "a check")
        except NoFunction:
            raise not_deployed(port, stage, "health function") from None
    if not isinstance(found, Mapping):
        raise ServerError(f"the health Lambda of {stage.name} answered {type(found).__name__}, not an object")
    well = bool(found.get("healthy", found.get("summary") == "healthy"))
    if as_json:
        print_json({"stage": stage.name, **found, "healthy": well})
    else:
        print_table(f"Health check of {stage.name}", _rows(found), states={"verdict": well})
    context.exit(0 if well else 1)


def _rows(found: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield "verdict", str(found.get("summary", ""))
    for name, cause in dict(found.get("causes") or {}).items():
        yield name, f"class {cause.get('class')}, owner {cause.get('owner')}"
    yield from ((name, str(reason)) for name, reason in dict(found.get("unknown") or {}).items())
    for key, title in (("done", "done"), ("withheld", "not done"), ("notified", "mailed")):
        if found.get(key):
            yield title, str(found[key])
    if found.get("skipped_changes_mailed"):
        yield "skipped", ", ".join(map(str, found["skipped_changes_mailed"]))
    metrics = dict(found.get("metrics") or {})
    yield "metrics", ", ".join(f"{name} {value:g}" for name, value in sorted(metrics.items())) or "none"
    if "seconds" in found:
        yield "took", f"{found['seconds']} s"
