"""`wms-connector logs`: the log of a stage's worker or functions, without the values of rows."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import sleep, time

import click

from connector.aws import account, worker_log
from connector.aws.place import place
from connector.commands.output import json_option
from connector.domain.diagnosis.redaction import without_values
from connector.domain.errors import OperatorError, ServerError
from connector.domain.stage.stage import Stage

_SINCE = re.compile(r"(?P<count>[1-9][0-9]{0,5})(?P<unit>[smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
#: How often new lines are asked for, in seconds. CloudWatch Logs allows five such requests a second for an
#: account and region ("CloudWatch Logs quotas", FilterLogEvents).
_EVERY = 2.0
#: A line may become visible after younger ones of another stream: so many seconds are read again.
_AGAIN = 10.0


@click.command()
@click.argument("stage_name", metavar="STAGE")
@click.option(
    "--of",
    "source",
    type=click.Choice(("worker", "admin", "health")),
    default="worker",
    show_default=True,
    help="Whose log: the Connect worker's, the admin function's or the health check's.",
)
@click.option(
    "--since", default="10m", show_default=True, metavar="TIME", help="How far back: 30s, 10m, 3h, 2d."
)
@click.option("--errors", is_flag=True, help="Only events with ERROR.")
@click.option("--grep", "word", default="", metavar="TEXT", help="Only events with this text, case counts.")
@click.option("--follow", "-f", is_flag=True, help="Go on with new lines until Ctrl-C.")
@json_option
def logs(
    stage_name: str, source: str, since: str, *, errors: bool, word: str, follow: bool, as_json: bool
) -> None:
    """Show the log of STAGE: of its Connect worker or of a function, the oldest line first.

    What stands in an error behind a statement's literals is left out, as in mails: the lines are fit for a
    ticket. With --json each event is an object on a line of its own. An empty log prints nothing but a note.
    """
    stage, port = Stage.parse(stage_name), account.Account()
    names = stage.names
    group = {
        "worker": names.connector_log_group,
        "admin": names.function_log_group(names.connect_admin),
        "health": names.function_log_group(names.connect_health),
    }[source]
    start = datetime.now(UTC) - timedelta(seconds=_seconds(since))
    texts = [*(["ERROR"] if errors else []), *([word] if word else [])]
    count = 0
    try:
        for at, message in _events(port, group, _pattern(texts), start, follow=follow):
            count += 1
            _show(at, message, as_json=as_json)
    except ServerError as error:
        raise ServerError(f"the log {group} in {place(port)} cannot be read: {error}") from None
    except KeyboardInterrupt:
        return
    if not count:
        click.echo(f"no such line in {group} since {start:%Y-%m-%d %H:%M} UTC; try --since 3h", err=True)


def _events(
    port: account.Account, group: str, pattern: str, start: datetime, *, follow: bool
) -> Iterator[tuple[int, str]]:
    """Events since a moment, each once; with `follow` for ever."""
    shown: dict[str, float] = {}
    since = start.timestamp()
    while True:
        began = time()
        for event in worker_log.events(port, group, pattern, since):
            if event.id not in shown:
                shown[event.id] = event.at / 1000
                yield event.at, event.message
        if not follow:
            return
        since = max(since, began - _AGAIN)
        shown = {key: at for key, at in shown.items() if at >= since - _AGAIN}
        sleep(_EVERY)


def _show(at: int, message: str, *, as_json: bool) -> None:
    text = without_values(message).rstrip()
    when = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if as_json:
        click.echo(json.dumps({"at": when, "message": text}, ensure_ascii=False))
        return
    # A log may hold what a terminal obeys; its own line ends stay.
    plain = "".join(
        c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text
    )
    click.echo(f"{when} {plain}")


def _pattern(texts: list[str]) -> str:
    """A filter pattern that asks for every text; CloudWatch Logs takes quotes around one with other signs."""
    return " ".join('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' for text in texts)


def _seconds(text: str) -> int:
    found = _SINCE.fullmatch(text)
    if found is None:
        raise OperatorError(f"--since {text!r} is no time; write a number and s, m, h or d, for example 3h")
    return int(found["count"]) * _SECONDS[found["unit"]]
