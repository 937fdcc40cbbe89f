"""`wms-connector explain`: what the health check makes of a pasted trace or log line."""

import re
import sys
from collections import deque
from pathlib import Path
from typing import IO

import click

from connector.commands.output import json_option, print_json, print_table
from connector.domain.errors import OperatorError
from connector.domain.health.explanation import Explanation
from connector.domain.health.explanation import explain as explain_text
from connector.domain.stage.stage import Stage

_STDIN = "-"
_PART = 1 << 20
#: How much of a log is read: its end, which has the newest error.
_MOST_PARTS = 16
#: Characters that no log has, but for a few; compressed data has them.
_CONTROL = re.compile(rb"[\x01-\x07\x0e-\x1a\x1c-\x1f\x7f]")


@click.command()
@click.argument("source", metavar="[FILE]", default=_STDIN)
@click.option("--stage", "stage_name", metavar="STAGE", help="The stage for the command to run next.")
@json_option
def explain(source: str, stage_name: str | None, *, as_json: bool) -> None:
    """Explain a trace or a log line as the health check does: class, owner, next step.

    FILE is a trace, a line of the worker's log, or a whole log. Without FILE, or for '-', stdin is read. Of a
    log the newest error of the connector's task counts. Connect's answer about a connector's status and the
    events of CloudWatch Logs may be given as JSON. Nothing is contacted, and no values of rows are printed.

    Exit status 0 when the text was explained, even if no class describes the error; 2 if there is no text.
    """
    stage = None if stage_name is None else Stage.parse(stage_name)
    found = explain_text(_read(source))
    if as_json:
        print_json(found.to_json(stage))
    else:
        _print(found, stage)


def _print(found: Explanation, stage: Stage | None) -> None:
    finding = found.finding
    kind = finding.error_class
    restart = "yes, within its budget" if finding.restart else "no: a restart does not fix that"
    if found.login is not None and kind.retry:
        restart = f"no: line {found.login} has a refused login, and more of them lock the account"
    rows = [
        ("class", "unknown: no class describes this error" if found.unknown else kind.name),
        ("means", kind.meaning),
        ("cause", finding.cause),
        ("fixed by", kind.owner.value),
        ("restarted", restart),
        ("next step", kind.next_step),
        ("command", found.command(stage)),
    ]
    where = f"Line {finding.line} of {found.lines}" if found.lines > 1 else "The line"
    print_table(f"{where}, as the health check reads it", rows)
    if found.others:
        print_table(
            "Other errors in the text, not counted",
            [(str(other.line), other.error_class.name, other.cause) for other in found.others],
            headers=("line", "class", "cause"),
        )


def _read(source: str) -> str:
    """The end of a file or of stdin as text."""
    if source != _STDIN:
        with Path(source).open("rb") as file:
            return _text(_end(file), source)
    if sys.stdin.isatty():
        click.echo("Paste a trace or log lines, then press Ctrl-D (Ctrl-Z and Enter on Windows).", err=True)
    return _text(_end(sys.stdin.buffer), "<stdin>")


def _end(file: IO[bytes]) -> bytes:
    """The last parts of a file; if it is longer, from the first whole line on."""
    parts: deque[bytes] = deque(maxlen=_MOST_PARTS)
    count = 0
    while part := file.read(_PART):
        parts.append(part)
        count += 1
    data = b"".join(parts)
    if count <= _MOST_PARTS:
        return data
    click.echo(f"note: read and counted are the lines of the last {len(data) >> 20} MiB only", err=True)
    return data.partition(b"\n")[2]


def _text(data: bytes, name: str) -> str:
    """The text of `data`. What is not UTF-8 in it does no harm: codes and classes are ASCII."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    if b"\0" in data or len(_CONTROL.findall(data, 0, _PART)) > min(len(data), _PART) // 100:
        raise OperatorError(f"{name} is not text; unpack it, or give the text of the trace or the log line")
    text = data.decode("utf-8-sig", errors="replace")
    if not text.strip():
        raise OperatorError(f"{name} is empty; give a trace, or a line of the worker's log")
    return text
