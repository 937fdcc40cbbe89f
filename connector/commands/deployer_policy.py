"""`wms-connector deployer-policy`: print the IAM policies that a deployer needs, and no more."""

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from connector.aws.region import partition_of
from connector.commands.output import directory, print_json, write_files
from connector.domain.access import deployer_policy as made
from connector.domain.access.call import AwsScope
from connector.domain.access.deployer import UNKNOWN_BOUNDARY, Deployer
from connector.domain.access.deployer_calls import Use
from connector.domain.access.deployer_policy import Policy
from connector.domain.errors import OperatorError
from connector.domain.secrets import keys
from connector.domain.secrets.fallback import check_prefix
from connector.domain.secrets.shapes import is_iam_path, is_policy_arn
from connector.domain.stage.stage import Stage

_FOUNDATION = "foundation"
_ANY = "*"
_ACCOUNT = re.compile(r"[0-9]{12}")
#: The end of the name of a policy that is one of several.
_PART = re.compile(r"-[1-9][0-9]*$")
#: What IAM reads as a pattern or a variable in a policy's resource ("IAM JSON policy elements: Resource").
_PATTERN = frozenset("*?$")


@click.command("deployer-policy")
@click.argument("whose", metavar="[foundation|STAGE]", required=False)
@click.option("--ephemeral", is_flag=True, help="For all ephemeral stages, and none of the named ones.")
@click.option("--verify", is_flag=True, help="Only what `status` and `verify` call, for a watcher.")
@click.option("--boundary-policy", is_flag=True, help="Print a boundary for the roles of ephemeral stages.")
@click.option(
    "--account", default="*", metavar="ID", help="The account, 12 digits. Default: whatever account it is in."
)
@click.option("--region", default="*", metavar="REGION", help="The region. Default: every region.")
@click.option(
    "--boundary", default="", metavar="ARN", help="The secret iam/permissionsBoundary. Needed for roles."
)
@click.option("--iam-path", default="*", metavar="PATH", help="The secret iam/path. Default: any path.")
@click.option("--secret-prefix", default="wms", show_default=True, help="secret_prefix in config.yaml.")
@click.option(
    "--secrets-key", "secrets_keys", multiple=True, metavar="ARN", help="A KMS key of secrets; repeatable."
)
@click.option("--balancer", is_flag=True, help="With the load balancer of the secret connectAlbTls.")
@click.option("--out", type=click.Path(file_okay=False), help="Write one file per document there.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of the documents with their names.")
def deployer_policy(
    whose: str | None,
    *,
    ephemeral: bool,
    verify: bool,
    boundary_policy: bool,
    balancer: bool,
    out: str | None,
    as_json: bool,
    **known: Any,
) -> None:
    """Print the IAM policy of a deployer: of the foundation, of STAGE, or of all ephemeral stages.

    Prints one document with everything, which --json and --out split into documents of at most 6144
    characters, the limit of a managed policy. It calls nothing: tell it by options what it cannot know.
    """
    place = None if out is None else directory(out, "--out")
    if verify and whose == _FOUNDATION:
        raise OperatorError("foundation has nothing to verify; give a stage with --verify, or leave it out")
    deployer = _deployer(whose, ephemeral=ephemeral, known=known)
    if boundary_policy:
        documents: tuple[Policy, ...] = (made.boundary(deployer),)
    else:
        documents = made.policies(deployer, uses=Use.VERIFY if verify else None, balancer=balancer)
    if as_json:
        print_json([{"name": p.name, "document": p.document} for p in documents])
    elif place is None:
        print_json(_together(documents))
    if place is not None:
        _write(documents, place)
    for note in _notes(
        deployer, documents, whole=out is None and not as_json, bounded=not (verify or boundary_policy)
    ):
        click.echo(note, err=True)


def _deployer(whose: str | None, *, ephemeral: bool, known: Mapping[str, Any]) -> Deployer:
    if ephemeral == (whose is not None):
        raise OperatorError("give foundation or a stage, or --ephemeral for all ephemeral stages")
    _check(known)
    foundation = whose == _FOUNDATION
    return Deployer(
        AwsScope(_partition(known), known["region"], known["account"]),
        None if foundation or whose is None else Stage.parse(whose),
        foundation=foundation,
        secret_prefix=known["secret_prefix"],
        iam_path=known["iam_path"],
        boundary=known["boundary"],
        secrets_keys=known["secrets_keys"],
    )


def _check(known: Mapping[str, Any]) -> None:
    """Refuse what would make a policy wider than it says, or one that IAM does not take."""
    account, path, boundary = known["account"], known["iam_path"], known["boundary"]
    if account != _ANY and not _ACCOUNT.fullmatch(account):
        raise OperatorError(f"--account {account!r} is not an account id; expected 12 digits")
    check_prefix(known["secret_prefix"])
    if path != _ANY and (not is_iam_path(path) or _PATTERN & set(path)):
        raise OperatorError(
            f"--iam-path {path!r} is not the path of a role: it begins and ends with '/', as in the secret "
            "iam/path, and has none of *?$, which a policy reads as a pattern; leave it out for any path"
        )
    if boundary and (not is_policy_arn(boundary) or _PATTERN & set(boundary)):
        raise OperatorError(
            f"--boundary {boundary!r} is not a policy ARN; expected arn:aws:iam::<account>:policy/<name>, "
            "the value of the secret iam/permissionsBoundary"
        )
    for arn in known["secrets_keys"]:
        if not keys.KEY_ARN.fullmatch(arn):
            raise OperatorError(
                f"--secrets-key {arn!r} is not the ARN of a KMS key; expected one like "
                "arn:aws:kms:us-east-1:<account>:key/<id> (a policy knows no alias)"
            )
    if len(known["secrets_keys"]) > keys.MOST_KEYS:
        raise OperatorError(
            f"--secrets-key is given {len(known['secrets_keys'])} times; the setting {keys.SETTING} takes "
            f"at most {keys.MOST_KEYS}"
        )


def _partition(known: Mapping[str, Any]) -> str:
    """The partition of the region; without one, that of the ARNs, which must all be of the same."""
    region = known["region"]
    arns = [("--boundary", known["boundary"])] if known["boundary"] else []
    arns += [("--secrets-key", arn) for arn in known["secrets_keys"]]
    found = [(option, arn, arn.split(":")[1]) for option, arn in arns]
    if region == _ANY:
        partition = found[0][2] if found else "aws"
        source = found[0][0] if found else ""
    else:
        partition, source = partition_of(region), f"--region {region}"
    for option, arn, other in found:
        if other != partition:
            raise OperatorError(
                f"{option} {arn!r} is in the partition {other}, but {source} is in {partition}; "
                "give those of one account"
            )
    return partition


def _together(documents: tuple[Policy, ...]) -> Mapping[str, Any]:
    statements = [s for policy in documents for s in policy.document["Statement"]]
    return {"Version": "2012-10-17", "Statement": statements}


def _write(documents: tuple[Policy, ...], out: Path) -> None:
    files = {out / f"{p.name}.json": json.dumps(p.document, indent=1) + "\n" for p in documents}
    write_files(files, "--out")
    for stale in _stale(documents, out):
        stale.unlink()
        click.echo(
            f"note: removed {stale}, a part of an earlier run that is not written now; if its policy exists "
            "in IAM, detach and delete it",
            err=True,
        )
    for policy, file in zip(documents, files, strict=True):
        document = shlex.quote(f"file://{file}")
        click.echo(f"aws iam create-policy --policy-name {policy.name} --policy-document {document}")


def _stale(documents: tuple[Policy, ...], out: Path) -> list[Path]:
    """The numbered parts of the same deployer in `out` that are none of these documents."""
    names = {policy.name for policy in documents}
    bases = {name[: found.start()] for name in names if (found := _PART.search(name))}
    return sorted(
        file
        for file in out.glob("*.json")
        if (found := _PART.search(file.stem))
        and file.stem[: found.start()] in bases
        and file.stem not in names
        and file.is_file()
    )


def _notes(deployer: Deployer, documents: tuple[Policy, ...], *, whole: bool, bounded: bool) -> list[str]:
    notes = []
    length = made.size(_together(documents))
    if whole and length > made.MAX_CHARACTERS:
        notes.append(
            f"note: {length} characters, and a managed policy has at most {made.MAX_CHARACTERS}: write "
            f"its {len(documents)} parts with --out DIR, create each, and attach all to the deployer's role"
        )
    if bounded and not deployer.boundary and not deployer.foundation:
        notes.append(
            f"note: this policy creates no role until {UNKNOWN_BOUNDARY} is replaced: give the value of the "
            "secret iam/permissionsBoundary with --boundary"
        )
    return notes
