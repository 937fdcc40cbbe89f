"""Policies of rendered templates, with made-up values for what CloudFormation would fill in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.domain.access.call import AwsCall, AwsScope
from tests.support.iam.evaluator import Decision, IamRequest, decide

#: The domain of a partition's services (CloudFormation user guide, "Pseudo parameters reference").
_SUFFIXES = {"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com", "aws-cn": "amazonaws.com.cn"}
_REFERENCE = re.compile(r"\$\{([^}!]+)\}")


@dataclass(frozen=True)
class Rendered:
    """A template in one place of AWS. `values` has what `Ref` and `GetAtt` (`<id>.<attribute>`) stand for."""

    template: Mapping[str, Any]
    scope: AwsScope
    values: Mapping[str, str]

    def policies(self, role: str) -> list[dict[str, Any]]:
        """The documents of all policies that a role names."""
        named = self.template["Resources"][role]["Properties"].get("ManagedPolicyArns", [])
        found = (self.template["Resources"][policy["Ref"]]["Properties"] for policy in named)
        return [self.resolved(policy["PolicyDocument"]) for policy in found]

    def trust(self, role: str) -> dict[str, Any]:
        """The document that says who may take a role."""
        found: dict[str, Any] = self.resolved(
            self.template["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]
        )
        return found

    def document(self, resource: str, name: str = "PolicyDocument") -> dict[str, Any]:
        """The policy of a resource such as a topic, a queue or a key."""
        found: dict[str, Any] = self.resolved(self.template["Resources"][resource]["Properties"][name])
        return found

    def resolved(self, value: Any) -> Any:
        """A value without intrinsic functions; one that is not known here raises `KeyError`."""
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return self._value(argument)
            if name == "Fn::GetAtt":
                return self._value(".".join(argument))
            if name == "Fn::Sub":
                text, given = argument if isinstance(argument, list) else (argument, {})
                # What is mapped is text for people, and no part of a policy.
                return _REFERENCE.sub(
                    lambda found: found[0] if found[1] in given else self._value(found[1]), text
                )
            if name.startswith("Fn::"):
                raise KeyError(f"{name} is not resolved here")
        return {key: self.resolved(item) for key, item in value.items()}

    def _value(self, name: str) -> str:
        pseudo = {
            "AWS::Partition": self.scope.partition,
            "AWS::Region": self.scope.region,
            "AWS::AccountId": self.scope.account,
            "AWS::URLSuffix": _SUFFIXES[self.scope.partition],
        }
        return {**pseudo, **self.values}[name]


def refusals(call: AwsCall, policies: list[dict[str, Any]]) -> list[str]:
    """The call's resources under which the policies do not allow it."""
    return [resource for resource in call.resources if not allows(call, resource, policies)]


def allows(call: AwsCall, resource: str, policies: list[dict[str, Any]]) -> bool:
    """Whether identity policies allow the call, judged by this resource."""
    return decide(IamRequest(call.action, resource, call.context), policies) is Decision.ALLOWED
