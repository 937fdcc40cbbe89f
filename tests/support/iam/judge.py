"""A judge in front of AWS: every call of a process is judged by given policies before it is sent.

`judged` makes the environment in which `sceptre` and `wms-connector` are so run: Python imports
`sitecustomize` from `hook/`, which puts the judge between the command and botocore. A refused call raises
what AWS would answer. Each call is written down with all that was asked for it, so that other policies can be
judged by the same record.
"""

import json
import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connector.domain.access import deployer_policy, deployer_resources
from connector.domain.access.deployer import Deployer
from connector.domain.access.deployer_calls import Use
from connector.local.state import ROOT
from tests.support.iam import call_requests, stack_requests
from tests.support.iam.evaluator import Decision, IamRequest, decide

_SETTINGS = "WMS_JUDGED_BY"
_STACK_CHANGES = ("create_stack", "update_stack", "delete_stack")
_HOOK = Path(__file__).with_name("hook")

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Record:
    """One call that was made, and all that was asked for it."""

    service: str
    operation: str
    asked: tuple[IamRequest, ...]


def judged(
    environment: Mapping[str, str],
    deployer: Deployer,
    directory: Path,
    *,
    uses: Use | None = None,
    without: tuple[str, str] | None = None,
) -> dict[str, str]:
    """`environment`, in which every call is judged by the deployer's printed policies and recorded.

    `uses` limits the policies to a purpose; `without` takes an action out of the statement with this Sid.
    """
    directory.mkdir(parents=True, exist_ok=True)
    documents = [policy.document for policy in deployer_policy.policies(deployer, uses=uses)]
    if without is not None:
        documents = without_action(documents, *without)
    full = uses is None and without is None
    settings = directory / f"{deployer.title}{'' if full else '-less'}.json"
    content = {
        "policies": documents,
        "handlers": handlers(),
        "region": deployer.scope.region,
        "account": deployer.scope.account,
        "record": str(settings.with_suffix(".jsonl")),
        "stacks": str(directory),
    }
    settings.write_text(json.dumps(content), encoding="utf-8")
    path = [str(_HOOK), *filter(None, [environment.get("PYTHONPATH"), os.environ.get("PYTHONPATH")])]
    return {
        **environment,
        _SETTINGS: str(settings),
        "PYTHONPATH": os.pathsep.join(path),
        "WMS_JUDGE_ROOT": str(ROOT),
    }


def handlers() -> dict[str, dict[str, list[str]]]:
    """Type -> handler -> IAM actions, as cfn-lint has AWS's schemas."""
    # Slow to import, and not needed where commands are judged.
    from cfnlint.schema.manager import (  # type: ignore[import-untyped]  # noqa: PLC0415
        PROVIDER_SCHEMA_MANAGER,
    )

    types = (*deployer_resources.FOUNDATION, *deployer_resources.STAGE, *deployer_resources.BALANCER)
    found = {}
    for kind in types:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
        found[kind] = {
            name: list(handler["permissions"])
            for name, handler in schema["handlers"].items()
            if name != "list"
        }
    return found


def records(directory: Path, title: str) -> tuple[Record, ...]:
    """What the judged commands have called so far."""
    file = directory / f"{title}.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return tuple(
        Record(
            entry["service"],
            entry["operation"],
            tuple(
                IamRequest(
                    action, arn, {k: tuple(v) if isinstance(v, list) else v for k, v in context.items()}
                )
                for action, arn, context in entry["asked"]
            ),
        )
        for entry in map(json.loads, lines)
    )


def refused(asked: Sequence[IamRequest], policies: Sequence[Document]) -> list[IamRequest]:
    """What the policies do not allow."""
    return [request for request in asked if decide(request, policies) is not Decision.ALLOWED]


def without_action(policies: Sequence[Document], sid: str, action: str | None = None) -> list[Document]:
    """The policies without one action of the statement with this Sid, or without the statement."""
    return [
        {**policy, "Statement": [left for s in policy["Statement"] if (left := _less(s, sid, action))]}
        for policy in policies
    ]


def _less(statement: Document, sid: str, action: str | None) -> Document | None:
    if statement["Sid"] != sid:
        return statement
    left = [a for a in statement["Action"] if a != action] if action is not None else []
    return {**statement, "Action": left} if left else None


class Judge:
    """The policies, the record, and the templates of the stacks that were sent."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._place = call_requests.Place(settings["region"], settings["account"])
        self._lock = threading.Lock()

    def check(self, service: str, operation: str, parameters: Mapping[str, Any]) -> list[IamRequest]:
        """Write the call down; answers what is refused of it."""
        asked = call_requests.requests(self._place, service, operation, parameters)
        if service == "cloudformation" and operation in _STACK_CHANGES:
            asked += self._of_resources(operation, parameters)
        entry = {
            "service": service,
            "operation": operation,
            "asked": [[a.action, a.resource, dict(a.context)] for a in dict.fromkeys(asked)],
        }
        with self._lock, Path(self._settings["record"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
        return refused(asked, self._settings["policies"])

    def _of_resources(self, operation: str, parameters: Mapping[str, Any]) -> Iterator[IamRequest]:
        name = str(parameters["StackName"]).split(":stack/")[-1].partition("/")[0]
        file = Path(self._settings["stacks"]) / f"{name}.stack"
        sent = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
        before = None if sent is None else self._stack(name, sent)
        if operation == "delete_stack":
            if before is not None:
                yield from stack_requests.requests(before, before, operation)
            return
        content = {
            # Sceptre marks the beginning of a YAML document.
            "template": json.loads(parameters["TemplateBody"].removeprefix("---")),
            "parameters": {p["ParameterKey"]: p["ParameterValue"] for p in parameters.get("Parameters", [])},
            "tags": {tag["Key"]: tag["Value"] for tag in parameters.get("Tags", [])},
        }
        file.write_text(json.dumps(content), encoding="utf-8")
        yield from stack_requests.requests(self._stack(name, content), before, operation)

    def _stack(self, name: str, sent: Mapping[str, Any]) -> stack_requests.Stack:
        return stack_requests.Stack(
            name,
            sent["template"],
            sent["parameters"],
            sent["tags"],
            self._settings["handlers"],
            self._settings["region"],
            self._settings["account"],
        )


def install() -> None:
    """Put the judge between this process and botocore."""
    import botocore.client  # noqa: PLC0415  only in a process that is judged
    from botocore import xform_name  # noqa: PLC0415
    from botocore.exceptions import ClientError  # noqa: PLC0415

    settings = json.loads(Path(os.environ[_SETTINGS]).read_text(encoding="utf-8"))
    judge = Judge(settings)
    # No public place is before signing: a wrapper of the one method through which all calls go.
    client: Any = botocore.client.BaseClient
    original = client._make_api_call

    def judged_call(self: Any, name: str, parameters: Mapping[str, Any]) -> Any:
        service, operation = self.meta.service_model.service_name, xform_name(name)
        try:
            wrong = judge.check(service, operation, parameters)
        except Exception as error:  # an error here must not look like AWS's
            print(f"JUDGE: {service} {operation}: {error!r}", file=sys.stderr, flush=True)  # noqa: T201
            raise
        if wrong:
            text = "; ".join(sorted({f"{w.action} on {w.resource}" for w in wrong})[:3])
            message = f"User: deployer is not authorized to perform: {text}"
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": message}}, name)
        return original(self, name, parameters)

    client._make_api_call = judged_call
