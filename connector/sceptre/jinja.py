"""Jinja filters and functions for the files below config/: they derive names from a stack group's path.

Some commands make Sceptre read every file below config/ (`delete` does), so a filter never raises. A
directory that is not a stage gets a harmless name, and is refused where stages are parsed.
"""

import json
from collections.abc import Sequence

from jinja2 import Environment
from jinja2.ext import Extension

from connector.domain.secrets.fallback import DEFAULT_OWNER
from connector.domain.stage import aws_names
from connector.domain.stage.aws_names import Names
from connector.domain.stage.stage import EXAMPLE_STAGE, NAMED_STAGES, from_group_path, slug

#: What every stack does, by point: the tags of the hooks, in order.
COMMON_HOOKS = {
    "before_launch": ("wms_admit", "wms_note_launch"),
    "before_create": ("wms_admit",),
    "before_update": ("wms_admit", "wms_note_state"),
    "before_delete": ("wms_guard",),
    "before_create_change_set": ("wms_no_change_set",),
    "before_execute_change_set": ("wms_no_change_set",),
    "before_diff": ("wms_check_secrets",),
    "before_validate": ("wms_check_secrets",),
    # `generate` is another name for it.
    "before_dump_template": ("wms_check_secrets",),
    "after_create": ("wms_outcome",),
    "after_update": ("wms_outcome",),
    "after_launch": ("wms_not_busy",),
    "after_delete": ("wms_deleted",),
}


class StageFilters(Extension):
    """Registers the filters `stage`, `ephemeral`, `stack_name` and `stage_tags` and the function `hooks`."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters.update(
            {"stage": stage, "ephemeral": ephemeral, "stack_name": stack_name, "stage_tags": stage_tags}
        )
        environment.globals["hooks"] = hooks


def stage(group_path: str) -> str:
    """The stage of a stack group: `main` -> main, `ephemeral/x` -> x; `default` is an example."""
    text = from_group_path(group_path)
    return EXAMPLE_STAGE if text == DEFAULT_OWNER else text


def ephemeral(group_path: str) -> str:
    """`true` or `false`, for a tag."""
    return "false" if stage(group_path) in NAMED_STAGES else "true"


def stack_name(group_path: str, component: str) -> str:
    """Name of the stack that holds `component` in the stack group's stage, or of the foundation."""
    if component == "foundation":
        return aws_names.FOUNDATION_STACK
    return Names(slug(stage(group_path))).stack(component)


def stage_tags(group_path: str, owner: object, expires: object) -> str:
    """The tags of a stage's stacks besides the project's, as JSON, which YAML reads as it is.

    Owner and expiry are what an ephemeral stage's `config.yaml` says; a named stage has neither.
    """
    tags = {"stage": stage(group_path), "ephemeral": ephemeral(group_path)}
    if tags["ephemeral"] == "true":
        given = {"owner": owner, "expiry": expires}
        tags |= {name: str(value) for name, value in given.items() if value}
    return json.dumps(tags)


def hooks(**more: Sequence[str]) -> str:
    """A stack's `hooks:` as YAML: what every stack does, and behind it `more` by point.

    Sceptre 4.7 hands the hooks of a group's `config.yaml` to all its stacks as the same objects, and each of
    them ends up knowing the stack that was read last. Written out in each stack's file, they are its own.
    """
    points = {point: (*tags, *more.get(point, ())) for point, tags in COMMON_HOOKS.items()}
    points |= {point: tuple(tags) for point, tags in more.items() if point not in points}
    lines = [f"  {point}:\n" + "\n".join(f"    - !{tag}" for tag in tags) for point, tags in points.items()]
    return "\n".join(["hooks:", *lines])
