"""The pictures in docs/: the architecture, and the dashboard as the rendered template has it.

    python -m tools.pictures          # write them; a test fails when they are not as they would be written

The dashboard's curves are made up: CloudWatch draws the real ones.
"""

import json
import math
import textwrap
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from connector.sceptre.render import render

DOCS = Path(__file__).parents[1] / "docs"

_FONT = 'font-family="Verdana,Geneva,DejaVu Sans,sans-serif"'
_INK, _FAINT, _PAPER, _LINE = "#1b2733", "#5b6b7a", "#ffffff", "#c3ccd6"
_AWS, _DATA, _WATCH, _PEOPLE = "#fff4e5", "#e8f1fb", "#eaf7ee", "#f3eefb"
_CURVES = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#8c564b", "#e377c2")
#: CloudWatch's grid: a row has 24 columns ("Dashboard body structure and syntax").
_COLUMNS, _UNIT = 24, 40

#: x, y, width and height.
Place = tuple[int, int, int, int]


@dataclass(frozen=True)
class Box:
    """A part of the architecture: where it is drawn, its name and what it is."""

    x: int
    y: int
    width: int
    height: int
    name: str
    lines: Sequence[str]
    fill: str = _AWS


_BOXES: Mapping[str, Box] = {
    "oracle": Box(20, 150, 170, 90, "Oracle", ("WMS database:", "four tables, redo log"), _DATA),
    "worker": Box(
        290, 150, 220, 90, "Connect worker", ("ECS Fargate task:", "Kafka Connect, Debezium"), _AWS
    ),
    "kafka": Box(
        640, 150, 220, 90, "Kafka (MSK)", ("a topic for each table,", "heartbeat, schema history"), _DATA
    ),
    "consumers": Box(930, 150, 140, 90, "Consumers", ("read the topics",), _PEOPLE),
    "admin": Box(
        290, 300, 220, 80, "Admin function", ("Lambda in the VPC: topics,", "registration, status"), _AWS
    ),
    "health": Box(
        640, 300, 220, 80, "Health function", ("Lambda, every 10 minutes:", "checks, restarts, mails"), _WATCH
    ),
    "sceptre": Box(20, 300, 170, 80, "Operator", ("sceptre, wms-connector", "or the pipeline"), _PEOPLE),
    "watch": Box(640, 430, 220, 80, "CloudWatch", ("metrics, alarms,", "dashboard, logs"), _WATCH),
    "mail": Box(930, 300, 140, 80, "People, pagers", ("SNS: one topic", "for each"), _PEOPLE),
    "secrets": Box(290, 430, 220, 80, "Secrets, state table", ("Secrets Manager,", "DynamoDB"), _AWS),
}

#: From, to, label, and whether it is drawn dashed: what is only asked or told, not a stream of changes.
_ARROWS = (
    ("oracle", "worker", "LogMiner", False),
    ("worker", "kafka", "records", False),
    ("kafka", "consumers", "", False),
    ("sceptre", "admin", "requests", True),
    ("admin", "worker", "REST", True),
    ("health", "kafka", "heartbeat's age", True),
    ("health", "mail", "mails", True),
    ("health", "watch", "metrics", True),
    ("admin", "secrets", "", True),
)


def architecture() -> str:
    """One stage: how a change gets from the database to a topic, and who watches it."""
    parts = [_text(20, 34, "One stage of wms-connector", 18, bold=True)]
    parts.append(_text(20, 58, "solid: changes of rows; dashed: what is asked, told or measured", 12, _FAINT))
    parts.append(_frame(270, 90, 610, 440, "AWS account, VPC"))
    parts += [_box(box) for box in _BOXES.values()]
    parts += [_arrow(_BOXES[a], _BOXES[b], label, dashed=dashed) for a, b, label, dashed in _ARROWS]
    return _svg(1090, 550, "Architecture of one stage", parts)


def dashboard(stage: str = "main") -> str:
    """The dashboard of a stage, from its rendered template; `stage` is the directory below config/."""
    template = json.loads(render([stage])[stage]["alarms"])
    (found,) = (r for r in template["Resources"].values() if r["Type"] == "AWS::CloudWatch::Dashboard")
    name = found["Properties"]["DashboardName"]
    body = json.loads(found["Properties"]["DashboardBody"]["Fn::Sub"])
    placed = list(_placed(body["widgets"]))
    height = 60 + max(y + h for _, (_, y, _, h) in placed)
    parts = [_text(20, 34, f"CloudWatch dashboard {name}", 18, bold=True)]
    parts.append(_text(430, 34, "drawn from the template; the curves are made up", 12, _FAINT))
    parts += [_widget(widget, place) for widget, place in placed]
    return _svg(_COLUMNS * _UNIT + 40, height, f"Dashboard {name}; the curves are made up", parts)


def pictures() -> Mapping[str, str]:
    """File name -> content."""
    return {"architecture.svg": architecture(), "dashboard.svg": dashboard()}


def _placed(
    widgets: Iterable[Mapping[str, Any]],
) -> Iterator[tuple[Mapping[str, Any], tuple[int, int, int, int]]]:
    """Widgets without a position flow from left to right, as CloudWatch lays them out."""
    x = y = tallest = 0
    for widget in widgets:
        if x + widget["width"] > _COLUMNS:
            x, y, tallest = 0, y + tallest, 0
        tallest = max(tallest, widget["height"])
        yield (
            widget,
            (20 + x * _UNIT, 55 + y * _UNIT // 2, widget["width"] * _UNIT, widget["height"] * _UNIT // 2),
        )
        x += widget["width"]


def _widget(widget: Mapping[str, Any], place: Place) -> str:
    x, y, width, height = place
    properties = widget["properties"]
    parts = [
        _rect((x + 4, y + 4, width - 8, height - 8), 4, _PAPER, _LINE),
        _text(x + 14, y + 22, properties["title"], 12, bold=True),
    ]
    if widget["type"] == "alarm":
        names = [str(arn).rpartition(":")[2] for arn in properties["alarms"]]
        start = _common_start(names)
        parts += _chips(x + 14, y + 34, width - 28, [name.removeprefix(start) for name in names])
    else:
        names = [_series(series) for series in properties["metrics"]]
        left, bottom, high = x + 14, y + height - 14, height - 50
        for number, name in enumerate(names[: len(_CURVES)]):
            parts.append(_curve((left, bottom, (width - 28) * 55 // 100, high), name, _CURVES[number]))
        for number, name in enumerate(names[: (height - 40) // 12]):
            colour = _CURVES[number % len(_CURVES)]
            parts.append(_text(x + width * 60 // 100, y + 38 + 12 * number, name, 9, colour))
    return "".join(parts)


def _series(series: Sequence[Any]) -> str:
    """A metric's name, with its function's where two have the same."""
    name = str(series[1])
    return f"{name} ({str(series[3]).rpartition('-')[2]})" if "FunctionName" in series else name


def _common_start(names: Sequence[str]) -> str:
    """What all alarms' names begin with, up to the last hyphen."""
    start = names[0]
    for name in names:
        start = next(start[:n] for n in range(len(start), -1, -1) if name.startswith(start[:n]))
    return start[: start.rfind("-") + 1]


def _chips(x: int, y: int, width: int, names: Sequence[str]) -> Iterator[str]:
    across, down = 0, 0
    for name in names:
        size = 12 + 5 * len(name)
        if across + size > width:
            across, down = 0, down + 16
        yield (
            _rect((x + across, y + down, size - 4, 13), 3, _WATCH, _WATCH)
            + _text(x + across + 5, y + down + 10, name, 8)
        )
        across += size


def _curve(place: Place, name: str, colour: str) -> str:
    """A made-up curve that is the same in every run: its name gives its form. y is its foot."""
    left, bottom, width, height = place
    seed = zlib.crc32(name.encode())
    base, swing, phase = 0.1 + seed % 30 / 100, 0.05 + seed // 7 % 20 / 100, seed % 63 / 10
    points = []
    for step in range(31):
        value = base + swing * (1 + math.sin(phase + step / 2)) / 2 + (seed >> step % 16 & 3) / 60
        points.append(f"{left + width * step / 30:.1f},{bottom - height * min(value, 0.95):.1f}")
    return f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="1.3"/>'


def _box(box: Box) -> str:
    lines = [
        _rect((box.x, box.y, box.width, box.height), 8, box.fill, _INK),
        _text(box.x + box.width / 2, box.y + 26, box.name, 14, bold=True, middle=True),
    ]
    lines += [
        _text(box.x + box.width / 2, box.y + 46 + 16 * n, line, 11, _FAINT, middle=True)
        for n, line in enumerate(box.lines)
    ]
    return "".join(lines)


def _frame(x: int, y: int, width: int, height: int, name: str) -> str:
    dashed = _rect((x, y, width, height), 12, "none", _LINE).replace("/>", ' stroke-dasharray="6 4"/>')
    return dashed + _text(x + 14, y + 22, name, 12, _FAINT)


def _arrow(start: Box, end: Box, label: str, *, dashed: bool) -> str:
    """Between the edges that face each other."""
    x1: float
    y1: float
    x2: float
    y2: float
    if start.x + start.width <= end.x:
        x1, y1 = start.x + start.width, start.y + start.height / 2
        x2, y2 = end.x - 2, end.y + end.height / 2
    elif start.y > end.y:
        x1, y1, x2, y2 = start.x + start.width / 2, start.y, end.x + end.width / 2, end.y + end.height + 2
    else:
        x1, y1, x2, y2 = start.x + start.width / 2, start.y + start.height, end.x + end.width / 2, end.y - 2
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    upright = x1 == x2
    x, y = (x1 + 8, (y1 + y2) / 2 + 4) if upright else ((x1 + x2) / 2, (y1 + y2) / 2 - 7)
    return (
        f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{_INK}" stroke-width="1.6"{dash} '
        'marker-end="url(#tip)"/>' + (_text(x, y, label, 11, _FAINT, middle=not upright) if label else "")
    )


def _rect(place: Place, radius: int, fill: str, stroke: str) -> str:
    x, y, width, height = place
    where = f'x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}"'
    return f'<rect {where} fill="{fill}" stroke="{stroke}"/>'


def _text(
    x: float,
    y: float,
    text: str,
    size: float,
    colour: str = _INK,
    *,
    bold: bool = False,
    middle: bool = False,
) -> str:
    anchor = ' text-anchor="middle"' if middle else ""
    weight = ' font-weight="bold"' if bold else ""
    style = f'font-size="{size:g}" fill="{colour}"{anchor}{weight}'
    return f'<text x="{x:g}" y="{y:g}" {style}>{escape(text)}</text>'


def _svg(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    head = textwrap.dedent(f"""\
        <svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
        viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}" {_FONT}>
          <title>{escape(title)}</title>
          <defs><marker id="tip" markerWidth="9" markerHeight="9" refX="7" refY="3" orient="auto">\
        <path d="M0,0 L7,3 L0,6 z" fill="{_INK}"/></marker></defs>
          <rect width="{width}" height="{height}" fill="{_PAPER}"/>
        """)
    return head + "".join(f"  {part}\n" for part in parts) + "</svg>\n"


def main() -> None:
    """Write the pictures."""
    for name, text in pictures().items():
        (DOCS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
