"""`wms-connector reconcile`: compare what the database holds with what the topics say."""

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

from connector.commands.output import (
    json_option,
    print_answer,
    print_json,
    print_table,
    table_option,
    to_stderr,
)
from connector.domain.admin_api import Answer, Request
from connector.domain.capture import signals
from connector.domain.errors import OperatorError, ServerError
from connector.domain.reconcile.run import ReconcileRequest
from connector.domain.stage.stage import Stage
from connector.operations import comparison
from connector.operations.admin_request import asker

_ENDS = (signal.SIGTERM, signal.SIGHUP)
_KINDS = ("equal", "different", "missing", "ghosts", "unjudged", "repaired")


@click.command()
@click.argument("stage_name", metavar="STAGE")
@table_option
@click.option(
    "--keys",
    multiple=True,
    metavar="KEY[,KEY …]",
    help="Only these rows of the one --table; a key of several columns is not given so.",
)
@click.option("--repair", is_flag=True, help="Read rows again that the topic has not as the source has them.")
@click.option("--keys-shown", is_flag=True, help="Show the first keys of each kind. Values are never shown.")
@click.option("--clean", is_flag=True, help="Only delete what a comparison that was killed has left.")
@json_option
def reconcile(
    stage_name: str,
    tables: tuple[str, ...],
    *,
    keys: tuple[str, ...],
    repair: bool,
    keys_shown: bool,
    clean: bool,
    as_json: bool,
) -> None:
    """Compare the tables of STAGE with its topics, row by row, as of one SCN.

    A connector of its own reads the tables once, beside the stage's, whose stream goes on; then it is
    deleted. The last state of each key on the topic, up to that SCN, is compared: equal, different, missing
    on the topic, or a ghost: deleted at the source, alive on the topic. A key that is not on what the topic
    still has cannot be judged; the first line says how many could.

    --repair reads what is different or missing again, by filtered snapshots of the stage's connector:
    Debezium writes the keys into the worker's log. Ghosts are only listed.

    Exit status 0 only if something could be judged, and what differed was read again.
    """
    stage = Stage.parse(stage_name)
    signals.captured(tables)
    chosen = tuple(key.strip() for given in keys for key in given.split(",") if key.strip())
    if keys and (len(tables) != 1 or not chosen):
        raise OperatorError(
            "--keys has the keys of rows of one table, as 12,34: give at least one, and exactly one --table"
        )
    if clean and (tables or keys or repair or keys_shown):
        raise click.UsageError("--clean compares nothing, so no other option means anything with it")

    def send(request: Request) -> Answer:
        return asker(stage, request)(request.operation)

    show = (lambda _: None) if as_json else to_stderr
    if clean:
        print_answer(comparison.clean(stage.name, None, send, show), as_json=as_json)
        return
    wanted = ReconcileRequest(comparison.new_run(), chosen, repair, keys_shown)
    with ended_as_by_ctrl_c():
        answer = comparison.compare(stage.name, tables, wanted, send, show)
    found: Mapping[str, Any] = answer.details
    if as_json:
        print_json({"summary": answer.summary, **found})
    else:
        click.echo(answer.summary)
        _print(found["tables"])
    left = sum(
        each["ghosts"] + each["different"] + each["missing"] - each["repaired"]
        for each in found["tables"].values()
    )
    if left or not found["judged"]:
        raise ServerError(_problem(stage, found, left, repair=repair))


@contextmanager
def ended_as_by_ctrl_c() -> Iterator[None]:
    """What a runner of CI or a closed terminal sends ends a comparison as Ctrl-C does."""
    before = {each: signal.signal(each, signal.default_int_handler) for each in _ENDS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _print(tables: Mapping[str, Mapping[str, Any]]) -> None:
    rows = [(table, *(str(each[kind]) for kind in _KINDS)) for table, each in tables.items()]
    print_table("Keys", rows, headers=("table", *_KINDS))
    for table, each in tables.items():
        for column, count in sorted(each["columns"].items(), key=lambda pair: -pair[1]):
            click.echo(f"{table}: {column} differs in {count}")
        for kind, keys in each.get("keys", {}).items():
            click.echo(f"{table}: {kind}: {', '.join(keys)}")


def _problem(stage: Stage, found: Mapping[str, Any], left: int, *, repair: bool) -> str:
    """What is not as it should be, and the next step."""
    ghosts = sum(each["ghosts"] for each in found["tables"].values())
    if not found["keys"]:
        what = "none of the keys is in the source or on a topic; check --table and --keys"
    elif not left:
        what = "nothing could be judged: the topics have no record of these rows any more"
    elif found["not_repaired"]:
        what = f"{left} keys differ, and not all that could be were read again: {found['not_repaired']}"
    elif left > ghosts and not repair:
        what = f"{left} keys differ; --repair reads those again that the source has"
    else:
        what = f"{left} keys differ, of which {ghosts} are ghosts: talk to the owners of the data"
    return f"reconcile {stage.name}: {what}"
