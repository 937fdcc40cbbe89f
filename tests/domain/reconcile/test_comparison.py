"""The verdict on each key, for every history of a topic: exactly what is wrong is called wrong."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from connector.domain.reconcile.comparison import KEYS_SHOWN, Sides, TableReport, compare, share
from connector.domain.reconcile.digests import RowState
from connector.domain.reconcile.keys import shown

COLUMNS = [("A",)]
NULL = "0" * 12
VALUES = st.sampled_from(["a" * 12, "b" * 12])


def states(values: Mapping[str, str | None]) -> dict[str, RowState]:
    return {key: (1, None if value is None else (0, value)) for key, value in values.items()}


def sides(source: Mapping[str, str], topic: Mapping[str, str | None], *, whole: bool = True) -> Sides:
    return Sides(states(source), states(topic), whole, COLUMNS, NULL)


KEYS = st.sampled_from([f'{{"ID":{number}}}' for number in range(8)])


@given(st.dictionaries(KEYS, VALUES), st.dictionaries(KEYS, VALUES | st.none()), st.booleans())
def test_each_key_gets_the_one_verdict_that_is_true_of_it(
    source: dict[str, str], topic: dict[str, str | None], whole: bool
) -> None:
    report = TableReport()
    repairable = compare(sides(source, topic, whole=whole), report)
    alive = {key for key, value in topic.items() if value is not None}
    both = source.keys() & alive
    assert report.equal == sum(source[key] == topic[key] for key in both)
    assert report.different == len(both) - report.equal == report.columns.get("A", 0)
    assert report.ghosts == len(alive - source.keys())
    never = source.keys() - topic.keys()
    assert report.missing == len(source.keys() - alive) - (0 if whole else len(never))
    assert report.unjudged == (0 if whole else len(never))
    assert len(repairable) == report.repairable == report.different + report.missing
    judged, keys = share({"T": report})
    assert (judged, keys) == (keys - report.unjudged, len(source.keys() | alive))


def test_only_the_keys_that_are_asked_for_are_judged() -> None:
    report = TableReport()
    source = {'{"ID":1}': "a" * 12, '{"ID":2}': "a" * 12}
    compare(sides(source, {'{"ID":3}': "a" * 12, '{"ID":4}': "a" * 12}), report, {"2", "3"})
    assert (report.missing, report.ghosts, report.judged) == (1, 1, 2)


def test_a_report_keeps_the_first_keys_only_and_survives_being_stored() -> None:
    report = TableReport()
    compare(sides({f'{{"ID":{number}}}': "a" * 12 for number in range(99)}, {}), report)
    assert (report.missing, len(report.keys["missing"])) == (99, KEYS_SHOWN)
    assert TableReport.from_json(report.to_json()) == report


def test_keys_are_shown_as_people_write_them() -> None:
    assert shown('{"ID":12}') == "12"
    assert shown('{"A":1,"B":"x"}') == "A=1,B=x"
