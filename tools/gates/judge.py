"""What a gate says: findings without an exception, and exceptions without a finding."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Where the exceptions are written down.
TABLE = "templates/shared/exceptions.py"

#: A tool's key in a resource's metadata, and the key of its list of exceptions there.
CHECKOV = ("checkov", "skip")
CDK_NAG = ("cdk_nag", "rules_to_suppress")


class GateError(Exception):
    """A gate could not be run; the message is one line for people."""


@dataclass(frozen=True, order=True)
class GateFinding:
    """A rule that a resource breaks. `template` is `<stage>/<component>.json`, `text` what the rule wants."""

    template: str
    resource: str
    rule: str
    text: str = field(default="", compare=False)


def excepted(templates: Mapping[str, str], tool: tuple[str, str]) -> set[GateFinding]:
    """The exceptions from a tool's rules in the metadata of all resources."""
    return {
        GateFinding(template, resource, entry["id"])
        for template, text in templates.items()
        for resource, shown in json.loads(text)["Resources"].items()
        for entry in shown.get("Metadata", {}).get(tool[0], {}).get(tool[1], [])
    }


def without_exceptions(text: str) -> str:
    """A template without the exceptions: what a tool finds there is all that it finds."""
    template: dict[str, Any] = json.loads(text)
    for resource in template["Resources"].values():
        for key, _ in (CHECKOV, CDK_NAG):
            resource.get("Metadata", {}).pop(key, None)
    return json.dumps(template)


def problems(
    all_found: Iterable[GateFinding], left: Iterable[GateFinding], excused: set[GateFinding]
) -> Iterator[str]:
    """One line for each finding without an exception, and for each exception without a finding.

    `left` is what the tool reports with the exceptions in place, `all_found` what it reports without them.
    """
    for finding in sorted(set(left)):
        yield (
            f"{finding.template}: {finding.resource}: {finding.rule}: {finding.text}; "
            f"change the template, or write the reason into {TABLE}"
        )
    for stale in sorted(excused - set(all_found)):
        yield (
            f"{stale.template}: {stale.resource}: nothing is found that the exception from {stale.rule} "
            f"excuses; narrow or remove its row in {TABLE}"
        )
