"""What a part has measured comes to its place on the page, and nothing else changes."""

from pathlib import Path

import pytest

from tests.bench import page
from tests.bench.goals import Goal

_PAGE = "Goals\n\n<!-- measured: goals -->\n\nNot measured yet.\n\n<!-- end -->\n\nText.\n"


def _goals(text: str, *found: Goal) -> str:
    return page.with_content(text, "goals", page.with_earlier(text, found))


def test_a_goal_that_is_measured_anew_takes_the_place_of_its_line_and_the_others_stay():
    text = _goals(_PAGE, Goal("delay", 10, 20, " ms"), Goal("rest", 1, 2))
    text = _goals(text, Goal("delay", 30, 20, " ms"), Goal("zip", 3, 4))
    assert text == (
        "Goals\n\n<!-- measured: goals -->\n\n"
        "| goal | measured | wanted |  |\n| --- | --- | --- | --- |\n"
        "| delay | 30 ms | ≤ 20 ms | **missed** |\n"
        "| rest | 1 | ≤ 2 | met |\n"
        "| zip | 3 | ≤ 4 | met |\n\n<!-- end -->\n\nText.\n"
    )


def test_a_page_without_the_parts_marks_is_refused():
    with pytest.raises(ValueError, match="the page has no <!-- measured: delay -->"):
        page.with_content(_PAGE, "delay", "")


def test_the_picture_of_settings_shows_each_settings_rate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(page, "DOCS", tmp_path)
    run = {"rows": 1000, "seconds": 0.5}
    page.pictures({"settings": {"rows": [{"way": "producer.linger.ms=5", "snapshot": run}]}})
    drawn = (tmp_path / "benchmark-settings.svg").read_text("utf-8")
    assert "linger.ms=5" in drawn
    assert "2,000" in drawn
