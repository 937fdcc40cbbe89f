"""Every hook of the real config/, on a stack of the foundation, of a named and of an ephemeral stage.

Each runs where all is well, and once for each of its calls with that call denied: what ends a command is one
line, which names the place and holds AWS's own reason.
"""

import shutil
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from sceptre.exceptions import SceptreException
from sceptre.hooks import Hook
from sceptre.stack import Stack as SceptreStack

from connector.domain.admin_api import Answer, State
from connector.domain.stage import stack_states
from connector.domain.stage.stack_states import StackStep
from connector.domain.stage.stage import Stage, from_group_path
from connector.operations import interfaces, registration, teardown, turns
from connector.operations.ephemeral_directory import Project
from connector.sceptre import launches
from hooks import register
from hooks.stack_outcome import ReportOutcome
from hooks.tear_down import MarkLaunch
from tests.config.support import ROOT, stacks
from tests.domain.stage.test_stack_states import STATES
from tests.support.aws_answers import refuse
from tests.support.fake_aws import FOUNDATION, FakeAws
from tests.support.simulated_clock import SimulatedClock

GROUPS = ("foundation", "main", "ephemeral/x")
CLASSES = {
    entry.name: entry for entry in entry_points(group="sceptre.hooks") if entry.name.startswith("wms_")
}
DENIAL = "User: arn:aws:iam::123456789012:user/x is not authorized to perform: this"

#: Hook and group -> what it refuses where all is well: that is what it is for.
REFUSES = {
    ("wms_guard", "main"): "is a named stage; this tool does not delete named stages",
    ("wms_no_change_set", "main"): "a change set leaves out what a launch does",
    ("wms_no_change_set", "ephemeral/x"): "a change set leaves out what a launch does",
    ("wms_retire", "main"): "never deleted; nothing was changed",
}
#: Hook, service and command -> why a denial of that call does not stop the hook.
GOES_ON = {
    ("wms_publish", "s3", "head_object"): "without s3:ListBucket a missing object is denied: it is uploaded",
    ("wms_tidy", "logs", "delete_log_group"): "an empty group that AWS makes itself may stay",
    ("wms_admit", "lambda", "invoke"): "an interrupted teardown: registration asks the function again",
    (
        "wms_check_cluster",
        "cloudformation",
        "get_template",
    ): "workers are taken for replaced: a login is tried",
    (
        "wms_check_cluster",
        "secretsmanager",
        "get_secret_value",
    ): "its template was rendered before: wms_admit",
    ("wms_guard", "lambda", "invoke"): "the mark of a teardown: the teardown sets it again and says why not",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real config/ with an ephemeral stage."""
    root = tmp_path_factory.mktemp("project")
    ignored = shutil.ignore_patterns("ephemeral")
    shutil.copytree(ROOT / "config", root / "config", symlinks=True, ignore=ignored)
    (root / "templates").symlink_to(ROOT / "templates")
    Project(root).create(Stage.parse("x"), "a", date(2026, 1, 1))
    return root


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimulatedClock()
    for module in (registration, turns, teardown, interfaces, register):
        monkeypatch.setattr(module, "Clock", clock.as_clock)


#: Reading takes a moment, and each test gives a stack its own account.
read = cache(stacks)


def uses(group: str) -> Iterator[tuple[str, str]]:
    """Component and hook, each pair once. An ephemeral stage has links to the files of `default`."""
    for component, stack in sorted(stacks("default" if group.startswith("ephemeral/") else group).items()):
        tags = {hook_tag(hook) for hooks in stack.hooks.values() for hook in hooks}
        yield from ((component, tag) for tag in sorted(tags))


def hook_tag(hook: Hook) -> str:
    (tag,) = (tag for tag, entry in CLASSES.items() if entry.load() is type(hook))
    return tag


USES = [(group, component, tag) for group in GROUPS for component, tag in uses(group)]


def account(group: str) -> FakeAws:
    """An account in which everything of the group stands, and of an ephemeral stage something is left."""
    aws = FakeAws.ready()
    aws.secrets["wms/default/brokerString"] = "broker-1.example:9094,broker-2.example:9094"
    aws.stacks["wms-foundation"] = {**FOUNDATION, "EnableTerminationProtection": False}
    if group == "foundation":
        return aws
    names = Stage.parse(from_group_path(group)).names
    for name in names.stacks.values():
        aws.stacks[name] = {"StackName": name, "StackStatus": "CREATE_COMPLETE"}
        aws.resources[name] = []
    aws.definitions, aws.log_groups = [f"{names.service}:1"], [names.insights_log_group]
    aws.functions[names.connect_admin] = lambda _: Answer(State.DONE, "done").to_payload()
    return aws


def stack_of(project: Path, group: str, component: str, aws: FakeAws) -> SceptreStack:
    stack = read(group, project)[component]
    stack._connection_manager = aws
    return stack


def run(stack: SceptreStack, tag: str) -> None:
    if tag == "wms_tidy":
        stack.connection_manager.stacks.pop(stack.external_name)
    CLASSES[tag].load()(None, stack).run()


def test_every_hook_of_this_project_is_used_and_tried():
    assert {tag for _, _, tag in USES} == set(CLASSES)
    assert {tag for tag, _ in REFUSES} | {tag for tag, *_ in GOES_ON} <= set(CLASSES)


@pytest.mark.parametrize(("group", "component", "tag"), USES)
def test_a_hook_does_its_work_where_all_is_well(project: Path, group: str, component: str, tag: str):
    stack = stack_of(project, group, component, account(group))
    if (tag, group) not in REFUSES:
        run(stack, tag)
        return
    with pytest.raises(SceptreException, match=REFUSES[tag, group]) as caught:
        run(stack, tag)
    assert "\n" not in str(caught.value)


#: One stack of each group for each hook: the calls do not depend on the stack.
ONCE = {(group, tag): component for group, component, tag in reversed(USES)}


@pytest.mark.parametrize(("group", "tag"), [key for key in ONCE if (key[1], key[0]) not in REFUSES])
def test_a_call_that_aws_denies_ends_the_hook_in_one_line_with_aws_reason(
    project: Path, new_run: Callable[[], None], group: str, tag: str
):
    component = ONCE[group, tag]
    well = account(group)
    run(stack_of(project, group, component, well), tag)
    for service, command in dict.fromkeys(well.calls):
        new_run()
        denied = account(group)
        denied.deny(service, command, refuse(command, "AccessDenied", DENIAL))
        stack = stack_of(project, group, component, denied)
        if (tag, service, command) in GOES_ON:
            run(stack, tag)
            continue
        with pytest.raises(SceptreException) as caught:
            run(stack, tag)
        message = str(caught.value)
        assert message.startswith((f"{group}: ", f"{group}/{component}: ")), message
        assert "\n" not in message
        reason = "may not be read (AccessDenied)" if command == "get_secret_value" else DENIAL
        assert reason in message, f"{service} {command}: {message}"


#: What is no success of a create or update, with how CloudFormation begins the operation.
FAILURES = [
    status for status in STATES if stack_states.step_for(status) not in (StackStep.NOTHING, StackStep.WAIT)
]


@pytest.mark.parametrize("status", FAILURES)
@pytest.mark.parametrize("group", GROUPS)
def test_a_failed_stack_of_each_kind_is_told_with_cloudformations_own_reason(
    project: Path, group: str, status: str
):
    """Of each stack: the foundation's was once told as a stage whose name is refused."""
    for component in read(group, project):
        aws = account(group)
        stack = stack_of(project, group, component, aws)
        name = stack.external_name
        aws.stacks[name] = {"StackName": name, "StackStatus": status}
        aws.events = [event("Thing", "CREATE_FAILED", "The quota is used up."), begun(name)]
        with pytest.raises(SceptreException) as caught:
            ReportOutcome(None, stack).run()
        expected = f"{group}/{component}: stack {name} is {status}: Thing: The quota is used up. "
        assert str(caught.value).startswith(expected)
        assert "refused" not in str(caught.value)


@pytest.mark.parametrize("group", GROUPS)
def test_events_that_may_not_be_read_do_not_hide_the_failure(project: Path, group: str):
    component = next(iter(read(group, project)))
    aws = account(group)
    stack = stack_of(project, group, component, aws)
    aws.stacks[stack.external_name]["StackStatus"] = "ROLLBACK_COMPLETE"
    aws.deny("cloudformation", "describe_stack_events", refuse("DescribeStackEvents", "AccessDenied", DENIAL))
    with pytest.raises(SceptreException, match=f"is ROLLBACK_COMPLETE: its events cannot be read .*{DENIAL}"):
        ReportOutcome(None, stack).run()


@pytest.mark.parametrize("group", GROUPS)
def test_a_stack_that_is_gone_after_its_launch_is_told(project: Path, group: str):
    for component in read(group, project):
        aws = account(group)
        stack = stack_of(project, group, component, aws)
        del aws.stacks[stack.external_name]
        with pytest.raises(SceptreException, match=f"stack {stack.external_name} was created, but does not"):
            ReportOutcome(None, stack).run()


@pytest.mark.parametrize("group", GROUPS)
def test_a_launch_over_a_stack_that_never_was_complete_may_replace_it(project: Path, group: str):
    """Sceptre deletes it first, so the guard and the teardown are asked, too."""
    for component, tag in uses(group):
        if tag not in ("wms_guard", "wms_retire"):
            continue
        launches.LAUNCHES.forget()
        aws = account(group)
        stack = stack_of(project, group, component, aws)
        aws.stacks[stack.external_name]["StackStatus"] = "ROLLBACK_COMPLETE"
        MarkLaunch(None, stack).run()
        run(stack, tag)
        assert ("lambda", "invoke") not in aws.calls, "no topic and no connector is touched"


def event(logical: str, status: str, reason: str, kind: str = "AWS::KMS::Key") -> dict[str, Any]:
    return {
        "LogicalResourceId": logical,
        "ResourceType": kind,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def begun(name: str) -> dict[str, Any]:
    return event(name, "CREATE_IN_PROGRESS", "User Initiated", "AWS::CloudFormation::Stack")
