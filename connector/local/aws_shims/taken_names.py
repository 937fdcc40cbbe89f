"""CloudFormation: a resource whose name is taken cannot be created.

MiniStack's handlers take over a log group, a table or a repository that exists already. On AWS the stack
fails ("already exists"), which is what happens to a stage whose stack was deleted by hand, as these are kept
then. The log groups of functions are left out: MiniStack makes them for a late invocation, and on AWS our
roles may not.
"""

# MiniStack is extended at functions that are private to it and whose signatures are given.
# ruff: noqa: SLF001

import json
from collections.abc import Callable, Mapping
from typing import Any

from connector.domain.stage.aws_names import Names
from connector.local.aws_shims._ministack import module, provisioners

#: How the names of their log groups begin.
_OF_FUNCTIONS = Names.function_log_group("")

#: Type -> the property with its name, and what exists under such names.
_NAMED: Mapping[str, tuple[str, Callable[[], Mapping[str, Any]]]] = {
    "AWS::Logs::LogGroup": ("LogGroupName", lambda: module("services.cloudwatch_logs")._log_groups),
    "AWS::DynamoDB::Table": ("TableName", lambda: module("services.dynamodb")._tables),
    "AWS::ECR::Repository": ("RepositoryName", lambda: module("services.ecr")._repositories),
}


def install() -> None:
    """Wrap the creation of each type."""
    for kind, (key, existing) in _NAMED.items():
        handlers = provisioners()._RESOURCE_HANDLERS[kind]
        handlers["create"] = _refusing(handlers["create"], kind, key, existing)


def _refusing(create: Any, kind: str, key: str, existing: Callable[[], Mapping[str, Any]]) -> Any:
    def handler(logical_id: str, props: Mapping[str, Any], stack_name: str) -> Any:
        name = str(props.get(key) or "")
        if name in existing() and not name.startswith(_OF_FUNCTIONS):
            identifier = json.dumps({f"/properties/{key}": name}, separators=(",", ":"))
            raise ValueError(
                f"Resource handler returned message: \"Resource of type '{kind}' with identifier "
                f"'{identifier}' already exists.\" (HandlerErrorCode: AlreadyExists)"
            )
        return create(logical_id, props, stack_name)

    return handler
