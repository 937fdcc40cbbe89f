"""The pictures in docs/ are as their tool draws them now, and show what the templates have."""

import json
import xml.etree.ElementTree as ET

import pytest

from tests.conftest import Golden
from tests.support.rendered_config import rendered
from tools import pictures


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - a picture of our own


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    return dict(pictures.pictures())


@pytest.mark.parametrize("name", ["architecture.svg", "dashboard.svg"])
def test_a_picture_is_fresh(drawn: dict[str, str], golden: Golden, name: str):
    golden(pictures.DOCS / name, drawn[name])


@pytest.mark.parametrize("name", ["architecture.svg", "dashboard.svg"])
def test_a_picture_is_one_that_browsers_and_github_show(drawn: dict[str, str], name: str):
    root = parsed(drawn[name])
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not [found for found in root.iter() if found.tag.endswith(("script", "foreignObject", "image"))]


def test_the_dashboard_has_every_widget_and_alarm_of_the_template(drawn: dict[str, str]):
    template = json.loads(rendered()["main"]["alarms"])["Resources"]
    (body,) = (r for r in template.values() if r["Type"] == "AWS::CloudWatch::Dashboard")
    widgets = json.loads(body["Properties"]["DashboardBody"]["Fn::Sub"])["widgets"]
    texts = {found.text for found in parsed(drawn["dashboard.svg"]).iter() if found.text}
    assert {widget["properties"]["title"] for widget in widgets} <= texts
    alarms = [r for r in template.values() if r["Type"] == "AWS::CloudWatch::Alarm"]
    assert {r["Properties"]["AlarmName"].removeprefix("wms-connector-main-") for r in alarms} <= texts


def test_nothing_of_the_dashboard_is_drawn_over_another_or_outside(drawn: dict[str, str]):
    root = parsed(drawn["dashboard.svg"])
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    cards = [r for r in root.iter("{http://www.w3.org/2000/svg}rect") if r.get("rx") == "4"]
    edges = [tuple(float(card.attrib[key]) for key in ("x", "y", "width", "height")) for card in cards]
    assert len(edges) > 5
    for x, y, w, h in edges:
        assert x >= 0
        assert y >= 0
        assert x + w <= width
        assert y + h <= height
    for n, (x, y, w, h) in enumerate(edges):
        for a, b, c, d in edges[n + 1 :]:
            assert x + w <= a or a + c <= x or y + h <= b or b + d <= y
    chips = [r for r in root.iter("{http://www.w3.org/2000/svg}rect") if r.get("rx") == "3"]
    x, y, w, h = edges[0]
    assert all(float(c.attrib["y"]) + float(c.attrib["height"]) <= y + h for c in chips)
