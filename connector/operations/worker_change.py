"""Whether the update of a connector stack replaces the workers, and why: told before it happens."""

from collections.abc import Callable, Mapping
from typing import Any

from connector.aws import calls
from connector.domain.stage.template_diff import parse_template
from connector.sceptre import stack as sceptre_stack

#: Stack name -> why this run's update replaces the workers; empty if it does not.
_found: dict[str, tuple[str, ...]] = {}
#: The stacks that were not there.
_new: set[str] = set()
#: What of the service replaces its tasks: a number of them does not.
_OF_SERVICE = ("NetworkConfiguration", "LoadBalancers", "TaskDefinition")


def reasons(
    stack: sceptre_stack.SceptreStack, wanted: Callable[[], Mapping[str, Any]]
) -> tuple[str, ...] | None:
    """The parts of the template that replace the workers; `wanted` makes the template of this launch.

    None for a stack that is not there: it has no workers. ("unknown",) where its template cannot be read.
    """
    try:
        query = {"StackName": stack.external_name}
        standing = calls.find(stack.connection_manager, "cloudformation", "get_template", query)
    except calls.ClientError:
        standing = {}
    if standing is None:
        _new.add(stack.external_name)
        return None
    body = standing.get("TemplateBody")
    before = body if isinstance(body, Mapping) else parse_template(body)
    found = ("unknown",) if before is None else compared(before, wanted())
    _found[stack.external_name] = found
    return found


def replaced(stack: sceptre_stack.SceptreStack) -> tuple[str, ...]:
    """What `reasons` has found in this run."""
    return _found.get(stack.external_name, ())


def started(stack: sceptre_stack.SceptreStack) -> bool:
    """Whether `reasons` has found no stack in this run: the workers are new ones."""
    return stack.external_name in _new


def forget() -> None:
    """Forget everything: a new run."""
    _found.clear()
    _new.clear()


def compared(before: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of what differs in task and service, as the template calls them."""
    old, new = (_parts(template) for template in (before, wanted))
    return tuple(sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name)))


def _parts(template: Mapping[str, Any]) -> dict[str, Any]:
    resources = template.get("Resources", {})
    task = dict(resources.get("Task", {}).get("Properties", {}))
    container = (task.pop("ContainerDefinitions", None) or [{}])[0]
    service = resources.get("Service", {}).get("Properties", {})
    found = {**task, **container, **{key: service[key] for key in _OF_SERVICE if key in service}}
    for name in ("Secrets", "Environment"):
        # By variable: which of them changes is what a person wants to know; an ARN has a version, no value.
        found |= {each["Name"]: each.get("ValueFrom", each.get("Value")) for each in found.pop(name, ())}
    return found
