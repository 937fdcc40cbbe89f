"""A row that could not be run is neither right nor wrong, in the table and in the figures."""

from datetime import date
from pathlib import Path

from tests.faults.report import PAPERS, Row, markdown, publish


def test_each_verdict_reads_differently() -> None:
    rows = [
        Row("well", {"lost": "0"}),
        Row("bad", {"lost": "1"}, ["1 lost: a #1"]),
        Row("nowhere", {}, not_run="no rights to mount"),
    ]
    assert [row.verdict for row in rows] == ["yes", "1 lost: a #1", "not run: no rights to mount"]
    assert markdown(rows).splitlines()[2:] == [
        "| well | 0 | yes |",
        "| bad | 1 | 1 lost: a #1 |",
        "| nowhere |  | not run: no rights to mount |",
    ]


def test_a_paper_gets_the_rows_that_were_run_with_their_day_and_keeps_the_others(tmp_path: Path) -> None:
    paper = tmp_path / "paper.md"
    paper.write_text("above\n<!-- measured: stream -->\n<!-- end -->\nbelow\n", encoding="utf-8")
    first = [Row("a", {"lost": "0"}, seconds=3.2), Row("b", {"lost": "0", "noticed": "x | y"})]
    publish("stream", first, date(2026, 1, 2), paper)
    publish("stream", [Row("a", {"lost": "1"}, ["1 lost"], seconds=4)], date(2026, 11, 29), paper)
    assert paper.read_text(encoding="utf-8").splitlines() == [
        "above",
        "<!-- measured: stream -->",
        "| fault | lost | noticed | as it must be | took | measured |",
        "| --- | --- | --- | --- | --- | --- |",
        "| a | 1 |  | 1 lost | 4 s | 29 November 2026 |",
        "| b | 0 | x \\| y | yes | 0 s | 2 January 2026 |",
        "<!-- end -->",
        "below",
    ]


def test_each_paper_has_a_place_for_its_kind() -> None:
    for kind, paper in PAPERS.items():
        assert f"<!-- measured: {kind} -->" in paper.read_text(encoding="utf-8")
