"""A row that could not be run is neither right nor wrong, in the table and in the figures."""

from tests.faults.report import Row, markdown


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
