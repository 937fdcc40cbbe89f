"""The coverage badge: docs/coverage.svg, written from the figure of a coverage run and compared with it.

    python -m tools.coverage_badge write 93.4    # write the badge
    python -m tools.coverage_badge check 93.4    # exit status 1 if the badge is more than 1 point off

The figure is what `coverage report --format=total` prints.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from pathlib import Path

BADGE = Path(__file__).parents[1] / "docs" / "coverage.svg"
#: How far the committed figure may be from the run's, in points: a small change needs no new badge.
TOLERANCE = Decimal(1)

_COLOURS = (
    (Decimal(90), "#4c1"),
    (Decimal(80), "#97ca00"),
    (Decimal(60), "#dfb317"),
    (Decimal(0), "#e05d44"),
)
_FIGURE = re.compile(r"<title>coverage: (\d{1,3}(?:\.\d+)?)%</title>")

_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="112" height="20" role="img" aria-label="coverage: {figure}%">
  <title>coverage: {figure}%</title>
  <clipPath id="r"><rect width="112" height="20" rx="3" fill="#fff"/></clipPath>
  <g clip-path="url(#r)">
    <rect width="62" height="20" fill="#555"/>
    <rect x="62" width="50" height="20" fill="{colour}"/>
  </g>
  <g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">
    <text x="31" y="14">coverage</text>
    <text x="87" y="14">{figure}%</text>
  </g>
</svg>
"""


def parse(text: str) -> Decimal:
    """A percentage."""
    try:
        figure = Decimal(text)
    except InvalidOperation:
        figure = Decimal(-1)
    if not figure.is_finite() or not 0 <= figure <= 100:
        raise ValueError(f"{text!r} is not a percentage")
    return figure


def badge(figure: Decimal) -> str:
    """The picture. Its figure has one decimal and is never more than the run's."""
    colour = next(colour for least, colour in _COLOURS if figure >= least)
    return _SVG.format(figure=figure.quantize(Decimal("0.1"), rounding=ROUND_DOWN), colour=colour)


def committed(svg: str) -> Decimal:
    """The figure that a badge shows."""
    found = _FIGURE.search(svg)
    if found is None:
        raise ValueError("the badge shows no figure")
    return Decimal(found[1])


def problem(svg: str | None, figure: Decimal) -> str:
    """Why the committed badge is not the run's; empty when it is."""
    advice = "run `make coverage-badge` and commit docs/coverage.svg"
    if svg is None:
        return f"there is no badge; {advice}"
    try:
        shown = committed(svg)
    except ValueError as error:
        return f"{error}; {advice}"
    if abs(shown - figure) > TOLERANCE:
        return f"the badge shows {shown}%, the run measured {figure}%; {advice}"
    if svg != badge(shown):
        return f"the badge was changed by hand; {advice}"
    return ""


def main(arguments: Sequence[str] | None = None, path: Path = BADGE) -> int:
    """Write or check the badge at `path`."""
    parser = argparse.ArgumentParser(prog="tools.coverage_badge")
    parser.add_argument("command", choices=("write", "check"))
    parser.add_argument("figure", type=parse)
    given = parser.parse_args(arguments)
    figure: Decimal = given.figure
    if given.command == "write":
        path.write_text(badge(figure), encoding="utf-8")
        return 0
    wrong = problem(path.read_text(encoding="utf-8") if path.exists() else None, figure)
    if wrong:
        sys.stderr.write(f"error: {wrong}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
