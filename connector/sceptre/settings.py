"""The settings that a stage may change in its `config.yaml`.

Sceptre ignores a key that it does not know, so with a misspelt setting the default would apply without a
message. Each setting's meaning and default are written once, in `config/config.yaml`. A template's settings
model checks the values that it gets. This module checks the others, and those for which it has a clearer
message.
"""

import difflib
import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from connector.domain.errors import OperatorError
from connector.domain.network import dns
from connector.domain.secrets import keys
from connector.domain.stage import guarded_changes

SETTINGS = (
    "account_id",
    "alarm_mails",
    "alb_log_bucket",
    "alb_tls_policy",
    "allowed_regions",
    "broker_cidrs",
    "confirmed_changes",
    "connector",
    "container_cpu",
    "container_memory",
    "database_cidrs",
    "desired_count",
    "dns_cidrs",
    "docs_url",
    "expires",
    "fips",
    "health_schedule_minutes",
    "image",
    "kafka_auth",
    "log_retention_days",
    "msk_cluster_arn",
    "owner",
    "secret_prefix",
    "secrets_key_arns",
    "subnets",
    "subscribe",
    "task_cpu",
    "task_memory",
)

#: Keys that Sceptre leaves among a stack group's settings, and what config/config.yaml computes.
_OTHERS = ("disable_rollback", "j2_environment", "launch_path", "project_path", "template_key_prefix")

#: What `subnets` may say: the kinds of subnets in the secret vpc that have a way out.
SUBNET_KINDS = ("private", "data")

_ACCOUNT = re.compile(r"[0-9]{12}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TOP_LEVEL = re.compile(r"^([A-Za-z_]\w*)\s*:", re.MULTILINE)
_OF_A_STACK = "belongs to one stack and would apply to all stacks of the stage"
#: Keys of Sceptre that break a stage when they are in its config.yaml, and why.
_SCEPTRES = {
    "protect": "blocks `sceptre launch` too; named stages are protected without it",
    "ignore": "makes Sceptre leave the stage's stacks out without a message",
    "obsolete": "lets `sceptre prune` delete the stage's stacks",
    "project_code": "names Sceptre's project; it is set only once, in config/config.yaml",
    "j2_environment": "removes the Jinja filters that the stack files use",
    "stack_tags": "would replace the tags by which stages are found; use the settings owner and expires",
    **dict.fromkeys(
        (
            "dependencies",
            "hooks",
            "on_failure",
            "parameters",
            "sceptre_user_data",
            "stack_name",
            "stack_timeout",
            "template",
            "template_path",
        ),
        _OF_A_STACK,
    ),
    **dict.fromkeys(
        ("launch_path", "project_path", "stack_group_path"),
        "is computed, and all checks use the computed value",
    ),
}
# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Tag.html; nothing that Jinja reads.
_TAG = re.compile(r"[\w .:/=+@-]{1,256}")


def refuse_unknown(stack_group_config: Mapping[str, Any]) -> None:
    """Raise `OperatorError` for a key that is neither a setting nor Sceptre's; `Stack.stack_group_config`."""
    unknown = sorted(set(stack_group_config) - {*SETTINGS, *_OTHERS})
    if unknown:
        raise OperatorError(
            f"config.yaml has the unknown setting {unknown[0]!r}; known: {', '.join(SETTINGS)}"
            f"{likely(unknown[0], SETTINGS)}"
        )


def refuse_sceptres(project: Path, group: str) -> None:
    """Raise `OperatorError` for a key of Sceptre in the group's own `config.yaml` that breaks a stage.

    Sceptre would apply it to all six stacks. Its other keys (`profile`, `iam_role`, …) are allowed.
    """
    place = f"config/{group}/config.yaml"
    file = project / place
    found = _TOP_LEVEL.findall(file.read_text(encoding="utf-8")) if file.is_file() else []
    for word in found:
        if word in _SCEPTRES:
            raise OperatorError(f"{place} sets {word!r}, which {_SCEPTRES[word]}; remove it")


def check_settings(stack_group_config: Mapping[str, Any]) -> None:
    """Raise `OperatorError` for the first setting whose value is not allowed."""
    given = {name: value for name, value in stack_group_config.items() if value not in (None, "")}
    kind = given.get("subnets", SUBNET_KINDS[0])
    if kind not in SUBNET_KINDS:
        raise OperatorError(f"setting subnets {kind!r} is unknown; allowed: {', '.join(SUBNET_KINDS)}")
    for name in ("broker_cidrs", "database_cidrs"):
        _check_blocks(name, given.get(name, []), _block_problem)
    _check_blocks("dns_cidrs", given.get("dns_cidrs", []), dns.block_problem)
    _check_keys(given.get(keys.SETTING, []))
    if not isinstance(given.get("fips", False), bool):
        raise OperatorError(f"setting fips {given['fips']!r} is unknown; allowed: true, false")
    guarded_changes.parse_confirmed(given.get(guarded_changes.SETTING))
    account_of(stack_group_config)
    regions_of(stack_group_config)
    owner, expires = str(given.get("owner", "-")), str(given.get("expires", "2000-01-01"))
    if not is_owner(owner):
        raise OperatorError(f"setting owner {owner!r} cannot be used as a tag; allowed: {OWNER_RULE}")
    if not _is_date(expires):
        raise OperatorError(f"setting expires {expires!r} is not a date; expected a date like 2030-12-31")


#: What an owner may consist of: it becomes a tag.
OWNER_RULE = "1 to 256 letters, digits, spaces and _.:/=+@-"


def is_owner(text: str) -> bool:
    """Whether `text` can be the tag `owner`."""
    return _TAG.fullmatch(text) is not None and text == text.strip()


def account_of(stack_group_config: Mapping[str, Any]) -> str | None:
    """The setting `account_id`: the only account in which the stage may be launched; None for any."""
    value = stack_group_config.get("account_id")
    if value in (None, ""):
        return None
    if not _ACCOUNT.fullmatch(str(value)):
        raise OperatorError(
            f"setting account_id {value!r} is not an account number; expected 12 digits in quotes "
            "(without quotes, YAML may read another number)"
        )
    return str(value)


def regions_of(stack_group_config: Mapping[str, Any]) -> tuple[str, ...]:
    """The setting `allowed_regions`: where the stage may be launched; empty when anywhere."""
    value = stack_group_config.get("allowed_regions") or []
    if not isinstance(value, list) or not all(isinstance(region, str) for region in value):
        raise OperatorError(
            f"setting allowed_regions {value!r} is not a list of regions; expected a list like [us-east-1]"
        )
    return tuple(value)


def likely(word: str, known: tuple[str, ...]) -> str:
    """What was probably meant, as a phrase to append; empty when nothing is near."""
    near = difflib.get_close_matches(word, known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _check_blocks(name: str, blocks: object, problem_of: Callable[[str], str]) -> None:
    if not isinstance(blocks, list):
        raise OperatorError(f"setting {name} {blocks!r} is not a list; expected a list like [10.20.0.0/16]")
    for block in blocks:
        problem = problem_of(str(block))
        if problem:
            raise OperatorError(f"setting {name}: {problem}")


def _check_keys(arns: object) -> None:
    if not isinstance(arns, list):
        raise OperatorError(
            f"setting {keys.SETTING} {arns!r} is not a list; expected a list of the ARNs of KMS keys"
        )
    for arn in arns:
        if not keys.KEY_ARN.fullmatch(str(arn)):
            raise OperatorError(
                f"setting {keys.SETTING}: {arn!r} is not the ARN of a KMS key; expected one like "
                "arn:aws:kms:us-east-1:<account>:key/<id> (a role's policy knows no alias)"
            )


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    # Python takes other ways of writing a date too, 20301231 among them.
    return _DATE.fullmatch(text) is not None


def _block_problem(text: str) -> str:
    if _is_block(text):
        return ""
    return f"{text!r} is not an IPv4 CIDR block; expected a block like 10.20.0.0/16"


def _is_block(text: str) -> bool:
    try:
        ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return False
    return re.fullmatch(r"[0-9.]+/[0-9]+", text) is not None
