"""The papers in docs/: what is made from the code is fresh, and what they point at is there."""

import inspect
import json
import re
from pathlib import Path

import pytest
from sceptre.plan.plan import SceptrePlan

from connector.domain.capture.oracle_script import CONTAINER_GRANTS, PACKAGES, SYSTEM_GRANTS
from connector.domain.capture.settings import ConnectorSettings
from connector.domain.health.aws_alarms import alarms_of
from connector.domain.stage.stage import Stage
from connector.sceptre.settings import SETTINGS
from tests.conftest import Golden
from tests.docs import handbook
from tests.docs.blocks import BLOCKS, ROOT, names_in, refreshed

PAPERS = sorted((ROOT / "docs").rglob("*.md"))
_LINK = re.compile(r"\]\((?!https?://)([^)#]+)(?:#[^)]*)?\)")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PAPERS, ids=lambda path: path.stem)
def test_what_is_made_from_the_code_is_fresh(path: Path, golden: Golden):
    golden(path, refreshed(_text(path)))


def test_the_reference_config_is_fresh(golden: Golden):
    golden(handbook.REFERENCE_CONFIG, handbook.reference_config())


def test_the_reference_config_holds_nothing_confidential():
    config = json.loads(handbook.reference_config())["config"]
    assert config["database.password"].startswith("${env:")
    assert config["database.user"].startswith("${env:")


def test_every_setting_is_on_the_page_of_settings_with_a_meaning():
    found = {each.name: each for each in handbook.stage_settings()}
    assert set(found) == set(SETTINGS)
    every = [*found.values(), *handbook.settings_of_the_connector()]
    assert [each.name for each in every if len(each.meaning) < 10] == []
    fields = ConnectorSettings.__dataclass_fields__
    assert {f"connector.{name}" for name in fields} <= {each.name for each in every}


def test_every_alarm_of_the_predecessors_has_one_here():
    known = alarms_of(Stage("main").names, "debezium")
    assert {new for new, _ in handbook.PREDECESSORS_ALARMS.values()} <= set(known)


def test_the_costs_are_counted_and_not_written_down():
    counted = {item.name: item.count for item in handbook.counted("production")}
    assert (counted["vCPU"], counted["GB"]) == (2, 6)
    assert counted["alarms"] > 20
    assert {item.name: item.count for item in handbook.counted("default")}["secrets"] == 0


def test_every_block_is_used():
    """A block that no paper shows would be made for nobody."""
    assert {name for path in PAPERS for name in names_in(_text(path))} == set(BLOCKS)


def _target(path: Path, link: str) -> Path:
    """Where a link leads. GitHub shows a workflow's runs and its badge beside the repository's files."""
    workflow = re.fullmatch(r"\.\./\.\./actions/workflows/([\w-]+\.yml)(?:/badge\.svg(?:\?\S*)?)?", link)
    return ROOT / ".github" / "workflows" / workflow[1] if workflow else path.parent / link


@pytest.mark.parametrize(
    "path",
    [*PAPERS, *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))],
    ids=lambda path: path.stem,
)
def test_every_link_leads_somewhere(path: Path):
    assert [link for link in _LINK.findall(_text(path)) if not _target(path, link).exists()] == []
    assert _anchors(path) == []


def _anchors(path: Path) -> list[str]:
    """Links to a heading that its page does not have."""
    missing = []
    for link, anchor in re.findall(r"\]\((?!https?://)([^)#]*)#([^)]*)\)", _text(path)):
        headings = re.findall(r"^#+ (.+)$", _text(path.parent / link if link else path), re.MULTILINE)
        slugs = {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}
        missing += [f"{link}#{anchor}"] if anchor not in slugs else []
    return missing


def test_every_page_is_in_the_index():
    linked = {(ROOT / "docs" / link).resolve() for link in _LINK.findall(_text(ROOT / "docs" / "index.md"))}
    pages = set((ROOT / "docs").glob("*.md")) - {ROOT / "docs" / "index.md"}
    assert pages <= linked


def test_the_readme_has_the_row_of_badges():
    """Each badge links what it shows."""
    badges = re.findall(
        r"^\[!\[[^]]+\]\(([^)?]+)[^)]*\)\]\(([^)]+)\)$", _text(ROOT / "README.md"), re.MULTILINE
    )
    workflows = ("deploy", "pre-commit", "dependency-review", "health")
    base = "../../actions/workflows"
    assert badges[:4] == [(f"{base}/{name}.yml/badge.svg", f"{base}/{name}.yml") for name in workflows]
    assert badges[4][0] == "docs/coverage.svg"


@pytest.mark.parametrize("path", PAPERS, ids=lambda path: path.stem)
def test_a_paper_names_no_account_but_made_up_ones(path: Path):
    assert set(re.findall(r"\b\d{12}\b", _text(path))) <= {"000000000000", "123456789012"}


def test_the_paper_for_the_dba_explains_every_right():
    text = _text(ROOT / "docs" / "wms-config-details.md")
    for right in (*SYSTEM_GRANTS, *CONTAINER_GRANTS):
        assert f"`{right.name}`" in text
    for package in PACKAGES:
        assert f"`{package}`" in text


def test_the_example_of_a_twin_is_one():
    """docs/stages.md says that these two cannot live on one cluster."""
    one, other = Stage("feature.x").topics, Stage("feature_x").topics
    assert {name.replace(".", "_") for name in one} & {name.replace(".", "_") for name in other}


def test_sceptres_words_for_a_stage_without_a_directory_are_explained():
    """Only Sceptre sees that mistake: who searches for its words must find ours."""
    words = "No stacks detected from the given path"
    assert words in inspect.getsource(SceptrePlan)
    assert f'### "{words}"' in _text(ROOT / "docs" / "stages.md")
    assert words in _text(ROOT / "docs" / "operations.md")
