"""How the stacks that Sceptre would launch differ from those that stand, as `sceptre diff` compares them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sceptre.cli.diff import filter_plan_for_launchable
from sceptre.context import SceptreContext
from sceptre.diffing.stack_differ import StackConfiguration, StackDiffer
from sceptre.exceptions import SceptreException
from sceptre.plan.plan import SceptrePlan
from sceptre.resolvers.placeholders import use_resolver_placeholders_on_error

from connector.aws import calls
from connector.domain.errors import OperatorError, ServerError
from connector.domain.stage.launch_plan import STACK
from connector.domain.stage.template_diff import parse_template
from connector.sceptre.render import reading


@dataclass(frozen=True)
class ComparedStack:
    """A stack's template as it stands and as it is wanted, each with parameters and tags under `STACK`.

    `before` is empty for a stack that a launch creates, or replaces because it was never complete.
    """

    name: str
    component: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


class _BothSides(StackDiffer):  # type: ignore[misc]
    """Sceptre's own comparison up to where it would write a text."""

    def compare_templates(self, deployed: str, generated: str) -> tuple[str, str]:
        return deployed, generated

    def compare_stack_configurations(
        self, deployed: StackConfiguration | None, generated: StackConfiguration
    ) -> tuple[StackConfiguration | None, StackConfiguration]:
        return deployed, generated


def read(project: Path, group: str) -> SceptrePlan:
    """What Sceptre would launch for `config/<group>`: its stacks, in order."""
    with reading(project, group):
        plan = SceptrePlan(SceptreContext(str(project), group))
        filter_plan_for_launchable(plan)
    return plan


def compare(plan: SceptrePlan) -> list[ComparedStack]:
    """Every stack of the plan. What no stack gives out yet has Sceptre's placeholder."""
    with use_resolver_placeholders_on_error():
        found = plan.diff(_BothSides())
    return [
        ComparedStack(
            diff.stack_name,
            str(stack.name).rpartition("/")[2],
            _side(diff.stack_name, diff.template_diff[0], diff.config_diff[0]) if diff.is_deployed else {},
            _side(diff.stack_name, diff.template_diff[1], diff.config_diff[1]),
        )
        for stack, diff in sorted(found.items(), key=lambda each: str(each[0].name))
    ]


def _side(name: str, text: str, config: StackConfiguration) -> Mapping[str, Any]:
    template = parse_template(text)
    if template is None:
        raise ServerError(
            f"stack {name} has a template that is not JSON, so it is none of this tool; see it with "
            f"`aws cloudformation get-template --stack-name {name}`"
        )
    beside = {
        "parameters": dict(config.parameters),
        "tags": dict(config.stack_tags),
        "notifications": list(config.notifications),
        "role": config.cloudformation_service_role,
    }
    return {**template, STACK: beside}


@contextmanager
def refusals() -> Iterator[None]:
    """Raise what hooks and resolvers refuse as `OperatorError`, and what AWS refuses as `ServerError`."""
    try:
        with calls.errors():
            yield
    except SceptreException as error:
        raise OperatorError(str(error)) from None
