"""parliament over every policy document: those of roles, topics, queues, buckets and the key."""

import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.gates.judge import GateError

_ACCOUNT = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "123456789012"}
_KEY = "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f"

#: What a reference to a resource of a type, or a parameter, stands for.
_ARNS = {
    "AWS::KMS::Key": _KEY,
    "AWS::S3::Bucket": "arn:aws:s3:::wms-{}",
    "AWS::SNS::Topic": "arn:aws:sns:us-east-1:123456789012:wms-{}",
    "AWS::SQS::Queue": "arn:aws:sqs:us-east-1:123456789012:wms-{}",
}


@dataclass(frozen=True)
class Waiver:
    """A false alarm: parliament's name of the issue, a pattern of its details, why it is one, and where.

    `place` is a pattern of `<stage>/<component>.json: <resource>`.
    """

    issue: str
    detail: str
    reason: str
    place: str = ""


WAIVERS = (
    Waiver(
        "RESOURCE_MISMATCH",
        r"ec2:(Create|Delete)NetworkInterface|ec2:(Una|A)ssignPrivateIpAddresses",
        "Lambda probes these actions without naming an interface. The resource ec2:<region>:<account>:*/* is "
        "AWS's own example: Lambda developer guide, giving functions access to resources in a VPC.",
    ),
    Waiver(
        "RESOURCE_STAR",
        r'^\["ecs:ListTasks"\]',
        "AWS's reference names a container instance, refusals that users have published name the star: a "
        "statement for either would stop every stage if the other is true. The condition ecs:cluster binds "
        "it to the stage's cluster.",
    ),
    Waiver(
        "UNKNOWN_CONDITION_FOR_ACTION",
        r"Unknown condition lambda:SourceFunctionArn for action ec2:",
        "Lambda adds this key to every call that a function's code makes: Lambda developer guide, using "
        "source function ARN. parliament knows only the keys of the service that is called.",
    ),
    Waiver(
        "RESOURCE_STAR",
        r'"kms:',
        "In a key's policy the star is that key and no other: KMS developer guide, key policies.",
        place=r": Key$",
    ),
    Waiver(
        "UNKNOWN_CONDITION_FOR_ACTION",
        r"Unknown condition kms:EncryptionContext:aws:logs:arn for action kms:DescribeKey",
        "CloudWatch Logs asks for this statement as it is: CloudWatch Logs user guide, encrypt log data "
        "using KMS.",
        place=r": Key$",
    ),
    Waiver(
        "MISMATCHED_TYPE",
        r"ArnLike requires a value of type Arn but given String",
        "The same statement: its encryption context holds the log group's ARN, and AWS's example compares "
        "it so.",
        place=r": Key$",
    ),
)


@dataclass(frozen=True)
class Document:
    """A policy document: where it stands (`<stage>/<component>.json: <resource>`), and what it says."""

    place: str
    document: Mapping[str, Any]


def documents(templates: Mapping[str, str]) -> Iterator[Document]:
    """Every policy document but the trust policies of roles: parliament refuses what has no resource."""
    for name, text in templates.items():
        template = json.loads(text)
        for title, resource in template["Resources"].items():
            properties = {k: v for k, v in resource["Properties"].items() if k != "AssumeRolePolicyDocument"}
            for found in _below(properties):
                yield Document(f"{name}: {title}", _resolved(found, template))


def _below(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict) and "Statement" in value:
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _below(inner)


def _resolved(value: Any, template: Mapping[str, Any]) -> Any:
    """A value with CloudFormation's functions replaced by what they may give."""
    if isinstance(value, list):
        return [_resolved(item, template) for item in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"Ref": name}:
            return _reference(name, template)
        case {"Fn::GetAtt": [name, "Arn"]}:
            return _reference(name, template)
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([\w:]+?)(?:\.Arn)?\}", lambda found: _reference(found[1], template), text)
    return {key: _resolved(item, template) for key, item in value.items()}


def _reference(name: str, template: Mapping[str, Any]) -> str:
    if name in _ACCOUNT:
        return _ACCOUNT[name]
    if name in template.get("Parameters", {}):
        return _KEY if name.endswith("KeyArn") else f"stand-in-{name}"
    kind = template["Resources"][name]["Type"]
    if kind not in _ARNS:
        raise GateError(
            f"a policy refers to {name}, an {kind}; give the type an ARN in {Path(__file__).name}"
        )
    return _ARNS[kind].format(name.lower())


def run(program: Path, templates: Mapping[str, str]) -> list[str]:
    """What parliament has against the documents, one line each, and waivers that nothing needs."""
    found = list(documents(templates))
    with tempfile.TemporaryDirectory() as place:
        for number, entry in enumerate(found):
            Path(place, f"{number}.json").write_text(json.dumps(entry.document), encoding="utf-8")
        done = subprocess.run(
            [str(program), "--directory", place, "--json"], capture_output=True, text=True, check=False
        )
    if done.returncode not in (0, 1):
        lines = done.stderr.strip().splitlines()
        raise GateError(f"parliament failed with status {done.returncode}: {lines[-1] if lines else ''}")
    findings = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return list(_problems(findings, found))


def _problems(findings: Iterable[Mapping[str, Any]], found: list[Document]) -> Iterator[str]:
    used: set[Waiver] = set()
    for finding in findings:
        detail = json.dumps(finding["detail"])
        place = found[int(Path(finding["location"]["filepath"]).stem)].place
        waivers = [w for w in WAIVERS if _waives(w, finding["issue"], detail, place)]
        used.update(waivers)
        if not waivers:
            yield f"{place}: {finding['issue']}: {finding['title']}: {detail}"
    for waiver in WAIVERS:
        if waiver not in used:
            yield f"nothing is found that the waiver {waiver.issue} {waiver.detail!r} excuses; remove it"


def _waives(waiver: Waiver, issue: str, detail: str, place: str) -> bool:
    return waiver.issue == issue and bool(re.search(waiver.detail, detail) and re.search(waiver.place, place))
