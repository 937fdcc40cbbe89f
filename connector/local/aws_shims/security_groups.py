"""AWS::EC2::SecurityGroupIngress and AWS::EC2::SecurityGroupEgress.

MiniStack has rules only inside a group. Two groups that refer to each other need stand-alone rules, or the
template would have a cycle. A rule is added to its group's list and taken out of it again.
"""

# MiniStack is extended at functions that are private to it and whose signatures are given.
# ruff: noqa: SLF001, ARG001

import json
import uuid
from collections.abc import Mapping
from typing import Any

from connector.local.aws_shims._ministack import module, provisioners

_LISTS = {"Ingress": "IpPermissions", "Egress": "IpPermissionsEgress"}


def install() -> None:
    """Add both types to CloudFormation."""
    for direction in _LISTS:
        provisioners()._RESOURCE_HANDLERS[f"AWS::EC2::SecurityGroup{direction}"] = _handlers(direction)


def _handlers(direction: str) -> dict[str, Any]:
    def create(logical_id: str, props: Mapping[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
        group = module("services.ec2")._security_groups.get(props.get("GroupId", ""))
        if group is None:
            raise ValueError(f"The security group '{props.get('GroupId')}' does not exist")
        rules = group.setdefault(_LISTS[direction], [])
        if direction == "Egress":
            # EC2 takes the default allow-all away as soon as the template has a rule of its own.
            rules[:] = [rule for rule in rules if not _allows_all(rule)]
        rules.extend(_permissions(props))
        identity = f"sgr-{uuid.uuid4().hex[:17]}"
        return identity, {"Id": identity}

    def delete(physical_id: str, props: Mapping[str, Any]) -> None:
        group = module("services.ec2")._security_groups.get(props.get("GroupId", ""))
        if group is None:
            return
        gone = {_key(rule) for rule in _permissions(props)}
        rules = group.setdefault(_LISTS[direction], [])
        rules[:] = [rule for rule in rules if _key(rule) not in gone]

    def update(
        physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], stack_name: str
    ) -> tuple[str, dict[str, str]]:
        delete(physical_id, old)
        _, attributes = create("", new, stack_name)
        # The same identity, or CloudFormation would go on to delete what it takes for the old rule.
        return physical_id, {**attributes, "Id": physical_id}

    return {"create": create, "update": update, "delete": delete}


def _permissions(props: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = provisioners()._ec2_sg_permissions([dict(props)])
    return found


def _allows_all(rule: Mapping[str, Any]) -> bool:
    return rule.get("IpProtocol") == "-1" and any(
        r.get("CidrIp") == "0.0.0.0/0" for r in rule.get("IpRanges", [])
    )


def _key(rule: Mapping[str, Any]) -> str:
    return json.dumps(module("services.ec2")._strip_descriptions(dict(rule)), sort_keys=True)
