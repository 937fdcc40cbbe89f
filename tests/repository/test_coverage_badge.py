"""The coverage badge shows the figure of a coverage run, and its check can fail."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tools import coverage_badge
from tools.coverage_badge import BADGE, badge, committed, main, parse, problem

ROOT = Path(__file__).parents[2]


def _floor() -> int:
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    floor = tool["coverage"]["report"]["fail_under"]
    assert isinstance(floor, int)
    return floor


def test_the_committed_badge_is_one_and_not_below_the_floor():
    svg = BADGE.read_text(encoding="utf-8")
    assert problem(svg, committed(svg)) == ""
    assert committed(svg) >= _floor()


@pytest.mark.parametrize("figure", ["0", "59.99", "80", "93.4", "100"])
def test_what_is_written_is_what_is_read(figure: str, tmp_path: Path):
    file = tmp_path / "coverage.svg"
    assert main(["write", figure], file) == 0
    assert main(["check", figure], file) == 0
    ET.fromstring(file.read_text(encoding="utf-8"))  # noqa: S314 - our own picture


def test_a_figure_is_never_rounded_up():
    assert committed(badge(Decimal("99.99"))) == Decimal("99.9")


@pytest.mark.parametrize(("run", "status"), [("92.0", 0), ("94.0", 0), ("91.9", 1), ("94.1", 1)])
def test_a_badge_more_than_a_point_off_fails(
    run: str, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "coverage.svg"
    main(["write", "93.0"], file)
    assert main(["check", run], file) == status
    if status:
        message = f"error: the badge shows 93.0%, the run measured {run}%; run `make coverage-badge`"
        assert capsys.readouterr().err.startswith(message)


def test_a_missing_badge_fails(tmp_path: Path):
    assert main(["check", "93.0"], tmp_path / "coverage.svg") == 1


def test_a_picture_without_a_figure_fails():
    assert "shows no figure" in problem("<svg/>", Decimal(93))


def test_a_figure_changed_by_hand_fails():
    """The title, which is read, and the text, which is seen, must say the same."""
    svg = badge(Decimal(93)).replace(">93.0%</text>", ">99.0%</text>")
    assert "changed by hand" in problem(svg, Decimal(93))


@pytest.mark.parametrize("text", ["", "x", "-1", "101", "NaN"])
def test_what_is_no_percentage_is_refused(text: str, tmp_path: Path):
    with pytest.raises(ValueError, match="is not a percentage"):
        parse(text)
    with pytest.raises(SystemExit) as ended:
        main(["check", text], tmp_path / "coverage.svg")
    assert ended.value.code == 2


def test_the_tolerance_is_one_point():
    assert Decimal(1) == coverage_badge.TOLERANCE


def test_only_the_local_world_is_left_out_of_the_figure():
    """A module left out is one whose tests nobody misses."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    shipped = tool["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(tool["coverage"]["run"]["source"]) == {*shipped, "tools"}
    assert tool["coverage"]["run"]["omit"] == ["connector/local/*"]
    assert not any(re.search(r"pragma|cover", rule) for rule in tool["coverage"]["report"]["exclude_also"])
