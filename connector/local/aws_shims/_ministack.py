"""Access to MiniStack's modules. They carry no types, hence `Any`."""

import importlib
from typing import Any


def module(name: str) -> Any:
    """The module `ministack.<name>`."""
    return importlib.import_module(f"ministack.{name}")


def provisioners() -> Any:
    """CloudFormation's handlers of resource types."""
    return module("services.cloudformation.provisioners")
