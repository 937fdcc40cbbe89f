"""Termination protection: on for every stack of a named stage and for the foundation."""

from collections.abc import Mapping
from typing import Any

from connector.sceptre import stack as sceptre_stack


def protect(stack: sceptre_stack.SceptreStack, description: Mapping[str, Any]) -> None:
    """Switch on termination protection for named stages and the foundation; Sceptre has no key for it."""
    wanted = sceptre_stack.is_foundation(stack) or not sceptre_stack.stage_of(stack).ephemeral
    if wanted and not description.get("EnableTerminationProtection", False):
        stack.connection_manager.call(
            "cloudformation",
            "update_termination_protection",
            {"StackName": stack.external_name, "EnableTerminationProtection": True},
        )
