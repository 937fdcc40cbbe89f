"""The real config/: stages hold only what differs, and every stack is wired as the design says."""

import shutil
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.domain.stage.aws_names import COMPONENTS
from connector.domain.stage.stage import Stage
from connector.sceptre.jinja import COMMON_HOOKS
from connector.sceptre.render import StandIns, render
from connector.sceptre.settings import SETTINGS
from tests.config.support import CONFIG, ROOT, STAGES, stacks

COMPONENTS_NOW = tuple(
    sorted(path.stem for path in (CONFIG / "default").glob("*.yaml") if path.stem != "config")
)


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "default"])
def test_a_stages_stack_files_are_the_very_files_of_default(stage: str):
    """No stack file is copied: a copy would drift."""
    found = {path.stem: path for path in (CONFIG / stage).glob("*.yaml") if path.stem != "config"}
    assert set(found) == set(COMPONENTS_NOW)
    for component, path in found.items():
        assert path.is_symlink(), path
        assert path.readlink() == Path("..", "default", f"{component}.yaml")
        assert path.samefile(CONFIG / "default" / f"{component}.yaml")


@pytest.mark.parametrize("stage", STAGES)
def test_a_stages_config_holds_only_what_differs(stage: str):
    common = _plain_yaml((CONFIG / "config.yaml").read_text())
    own = yaml.safe_load((CONFIG / stage / "config.yaml").read_text()) or {}
    assert set(own) <= set(SETTINGS)
    same = [name for name, value in own.items() if value == common[name]]
    assert not same, f"config/{stage}/config.yaml repeats {same}"


@pytest.mark.parametrize("stage", ["main", "val", "production"])
def test_the_stages_name_is_written_in_its_directorys_name_only(stage: str):
    lines = (CONFIG / stage / "config.yaml").read_text().splitlines()
    assert not [line for line in lines if stage in line and not line.lstrip().startswith("#")]


def test_every_setting_has_its_default_in_one_place_and_is_known():
    common = _plain_yaml((CONFIG / "config.yaml").read_text())
    sceptres = {"project_code", "region", "j2_environment", "stack_tags", "stack_tags_inheritance"}
    assert set(common) - sceptres == set(SETTINGS)


def _plain_yaml(text: str) -> dict[str, Any]:
    """config.yaml without its tags, whose meaning does not matter here."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda _loader, suffix, _node: f"!{suffix}")
    text = "\n".join(line for line in text.splitlines() if "{{" not in line)
    found = yaml.load(text, Loader)  # noqa: S506  derived from the safe loader
    assert isinstance(found, dict)
    return {**found, "region": ""}


@pytest.mark.parametrize(
    ("group", "stage"),
    [("main", "main"), ("val", "val"), ("production", "production"), ("default", "example")],
)
def test_names_and_tags_come_from_the_directory(group: str, stage: str):
    parsed = Stage.parse(stage)
    for component, stack in stacks(group).items():
        assert stack.external_name == parsed.names.stack(component)
        assert stack.tags == {
            "project": "wms-connector",
            "stage": stage,
            "ephemeral": "true" if parsed.ephemeral else "false",
        }


def test_the_foundation_stands_alone():
    (stack,) = stacks("foundation").values()
    assert stack.external_name == "wms-foundation"
    assert stack.dependencies == []


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_operation_touches_the_foundation(stage: str):
    assert set(stacks(stage)) == set(COMPONENTS_NOW) <= set(COMPONENTS)


@pytest.mark.parametrize("stage", STAGES)
def test_a_launch_has_at_most_four_levels(stage: str):
    found = stacks(stage)

    def level(component: str) -> int:
        below = [stack.name.rpartition("/")[2] for stack in found[component].dependencies]
        return 1 + max(map(level, below), default=0)

    assert max(map(level, found)) <= 4


@pytest.mark.parametrize("stage", STAGES)
def test_every_output_that_a_stack_takes_is_given_by_a_stack_it_depends_on(stage: str):
    """`!stack_output_external` adds no dependency by itself."""
    found = stacks(stage)
    names = {stack.external_name: stack for stack in found.values()}
    for stack in found.values():
        for resolver in stack._parameters.values():
            source, _, _ = str(resolver.argument).partition("::")
            assert source == "wms-foundation" or names[source] in stack.dependencies, stack.name


@pytest.mark.parametrize("stage", [*STAGES, "foundation"])
def test_every_stack_has_the_common_hooks_and_they_are_its_own(stage: str):
    """Hooks of a group's config.yaml are shared objects in Sceptre 4.7, and speak of one stack only."""
    for stack in stacks(stage).values():
        own = {point: [_tag(hook) for hook in found] for point, found in stack.hooks.items()}
        for point, tags in COMMON_HOOKS.items():
            assert own[point][: len(tags)] == list(tags), (stack.name, point)
        for found in stack.hooks.values():
            assert all(hook.stack is stack for hook in found), stack.name


def test_no_group_has_hooks_which_its_stacks_would_share():
    for path in CONFIG.rglob("config.yaml"):
        assert not [line for line in path.read_text().splitlines() if line.startswith("hooks")], path


def _tag(hook: object) -> str:
    tags = {e.value: e.name for e in entry_points(group="sceptre.hooks")}
    return tags[f"{type(hook).__module__}:{type(hook).__name__}"]


def test_the_zip_is_published_before_functions_and_the_connector_registered_after():
    found = stacks("main")
    assert "PublishArtifacts" in _kinds(found["functions"].hooks)["before_create"]
    assert "PublishArtifacts" in _kinds(found["functions"].hooks)["before_update"]
    for point in ("after_create", "after_update"):
        assert _kinds(found["connector"].hooks)[point][-1] == "RegisterConnector"


def _kinds(hooks: Mapping[str, list[object]]) -> dict[str, list[str]]:
    return {point: [type(hook).__name__ for hook in found] for point, found in hooks.items()}


def test_the_region_is_the_environments(monkeypatch: pytest.MonkeyPatch):
    assert stacks("foundation")["foundation"].region == "us-east-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-gov-west-1")
    assert stacks("foundation")["foundation"].region == "us-gov-west-1"
    monkeypatch.setenv("AWS_REGION", "us-gov-east-1")
    assert stacks("foundation")["foundation"].region == "us-gov-east-1"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A project of its own with the real config, to which a test adds stages."""
    shutil.copytree(CONFIG, tmp_path / "config", symlinks=True, ignore=shutil.ignore_patterns("ephemeral"))
    (tmp_path / "templates").symlink_to(ROOT / "templates")
    return tmp_path


def add_ephemeral(project: Path, stage: str) -> None:
    directory = project / "config" / "ephemeral" / stage
    directory.mkdir(parents=True)
    directory.joinpath("config.yaml").write_text("stack_tags:\n  owner: somebody\n")
    for component in COMPONENTS_NOW:
        directory.joinpath(f"{component}.yaml").symlink_to(f"../../default/{component}.yaml")


@pytest.mark.parametrize("stage", ["feature-xyz", "feature.x", "007", "null", "1e3", "-x", "A" * 64])
def test_an_ephemeral_stage_is_a_directory_with_the_same_links(copy: Path, stage: str):
    add_ephemeral(copy, stage)
    for component, stack in stacks(f"ephemeral/{stage}", copy).items():
        assert stack.external_name == Stage.parse(stage).names.stack(component)
        assert stack.tags["stage"] == stage
        assert stack.tags["owner"] == "somebody"
        assert stack.tags["ephemeral"] == "true"


@pytest.mark.parametrize(
    "stage", ["Main", "wms", "default", "a b", 'we"ird', "it's", "a: b #c", "ü", "{{x}}"]
)
def test_a_refused_directory_breaks_no_reading_and_claims_no_legal_stages_stacks(copy: Path, stage: str):
    """`delete` reads all of config/: one bad directory must not break every delete."""
    add_ephemeral(copy, stage)
    names = {stack.external_name for stack in stacks(f"ephemeral/{stage}", copy).values()}
    taken = {name for other in ("main", "val", "production") for name in Stage(other).names.stacks.values()}
    assert len(names) == len(COMPONENTS_NOW)
    assert not names & taken


def test_alarms_and_events_stand_beside_the_connector():
    """A registration that failed must not leave the stage unwatched."""
    for component in ("alarms", "events"):
        stack = stacks("main")[component]
        below = {dependency.name.rpartition("/")[2] for dependency in stack.dependencies}
        assert "connector" not in below
        assert below <= {"alerts", "functions", "network"}


def test_owner_and_expiry_are_tags_of_ephemeral_stages_only(copy: Path):
    settings = "owner: Jo Doe\nexpires: 2030-12-31\n"
    add_ephemeral(copy, "feature-x")
    (copy / "config/ephemeral/feature-x/config.yaml").write_text(settings)
    (copy / "config/main/config.yaml").write_text(settings)
    for stack in stacks("ephemeral/feature-x", copy).values():
        assert stack.tags == {
            "project": "wms-connector",
            "stage": "feature-x",
            "ephemeral": "true",
            "owner": "Jo Doe",
            "expiry": "2030-12-31",
        }
    for stack in stacks("main", copy).values():
        assert set(stack.tags) == {"project", "stage", "ephemeral"}


def test_given_broker_blocks_take_the_place_of_the_subnets(copy: Path):
    assert "198.51.100.0/26" in render(["main"], project=copy)["main"]["network"]
    (copy / "config/main/config.yaml").write_text("broker_cidrs: [10.7.0.0/24]\n")
    network = render(["main"], project=copy)["main"]["network"]
    assert "10.7.0.0/24" in network
    assert "198.51.100" not in network


def test_a_load_balancer_appears_where_its_secret_exists():
    tls = {"certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/1"}
    found = render(["main"], stand_ins=StandIns(alb_tls=tls))["main"]
    assert "AWS::ElasticLoadBalancingV2::Listener" in found["network"]
    assert "https://connect.wms-connector-main.internal" in found["functions"]
    assert "LoadBalancing" not in render(["main"])["main"]["network"]
