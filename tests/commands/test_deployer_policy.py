"""`wms-connector deployer-policy`: what it prints, what it writes, what it refuses."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from connector.cli import main
from connector.domain.access.deployer_policy import MAX_CHARACTERS, size

ACCOUNT = ("--account", "123456789012", "--region", "us-gov-west-1")
KEY = "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f"
BOUNDARY = ("--boundary", "arn:aws-us-gov:iam::123456789012:policy/boundary")


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["deployer-policy", *words])


def _resources(document: dict[str, Any]) -> set[str]:
    return {arn for s in document["Statement"] for arn in [s["Resource"]] if isinstance(arn, str)} | {
        arn for s in document["Statement"] if isinstance(s["Resource"], list) for arn in s["Resource"]
    }


@pytest.mark.parametrize("whose", ["foundation", "main", "feature.x", "--ephemeral"])
def test_prints_one_policy_that_is_ready_for_iam(whose: str):
    done = run(whose, *ACCOUNT, *BOUNDARY)
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["Version"] == "2012-10-17"
    for arn in _resources(document) - {"*"}:
        assert arn.startswith("arn:aws-us-gov:"), arn
        assert arn.split(":")[4] in ("123456789012", ""), arn
    assert "PUT-THE" not in done.stdout


def test_says_what_is_to_be_done_where_something_is_not_known_or_too_long():
    done = run("main")
    assert done.exit_code == 0
    json.loads(done.stdout)
    long, boundary = done.stderr.splitlines()
    assert "write its" in long
    assert "--out DIR" in long
    assert "--boundary" in boundary
    assert run("main", *BOUNDARY, "--json").stderr == ""
    assert run("main", "--verify").stderr == ""
    assert "--boundary" not in run("foundation").stderr


def test_splits_into_documents_that_iam_takes_and_loses_nothing(tmp_path: Path):
    whole = json.loads(run("--ephemeral", *ACCOUNT, *BOUNDARY).stdout)
    parts = json.loads(run("--ephemeral", *ACCOUNT, *BOUNDARY, "--json").stdout)
    assert [s for part in parts for s in part["document"]["Statement"]] == whole["Statement"]
    assert all(size(part["document"]) <= MAX_CHARACTERS for part in parts)
    done = run("--ephemeral", *ACCOUNT, *BOUNDARY, "--out", str(tmp_path / "policies"))
    assert done.exit_code == 0
    for part, line in zip(parts, done.stdout.splitlines(), strict=True):
        file = tmp_path / "policies" / f"{part['name']}.json"
        assert json.loads(file.read_text(encoding="utf-8")) == part["document"]
        assert line == (f"aws iam create-policy --policy-name {part['name']} --policy-document file://{file}")


def test_prints_the_boundary_of_ephemeral_roles():
    done = run("--ephemeral", "--boundary-policy", *ACCOUNT)
    assert done.exit_code == 0
    assert {s["Effect"] for s in json.loads(done.stdout)["Statement"]} == {"Allow", "Deny"}
    assert done.stderr == ""


def test_takes_the_partition_from_the_boundary_where_no_region_is_given():
    document = json.loads(run("main", *BOUNDARY).stdout)
    assert all(arn.startswith("arn:aws-us-gov:") for arn in _resources(document) - {"*"})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("Main",), "differs from the named stage 'main' only in case"),
        (("default",), "are reserved"),
        (("a/b",), "1 to 64 characters"),
        ((), "--ephemeral for all ephemeral stages"),
        (("main", "--ephemeral"), "--ephemeral for all ephemeral stages"),
        (("main", "--boundary-policy"), "give --ephemeral with --boundary-policy"),
        (("main", "--account", "1234"), "expected 12 digits"),
        (("main", "--account", "١" * 12), "expected 12 digits"),
        (("main", "--iam-path", "x"), "begins and ends with '/'"),
        (("main", "--iam-path", "/*/"), "has none of *?$"),
        (("main", "--iam-path", ""), "begins and ends with '/'"),
        (("main", "--secret-prefix", "*"), "secret_prefix '*' is not a path"),
        (("main", "--secret-prefix", ""), "secret_prefix '' is not a path"),
        (("main", "--boundary", "foo"), "--boundary 'foo' is not a policy ARN; expected arn:aws:iam::"),
        (("main", "--boundary", "arn:aws:iam::*:policy/*"), "is not a policy ARN"),
        (("main", "--boundary", "arn:aws:iam::123456789012:policy/*"), "is not a policy ARN"),
        (
            ("main", *BOUNDARY, "--region", "us-east-1"),
            "in the partition aws-us-gov, but --region us-east-1 is",
        ),
        (
            ("main", *BOUNDARY, "--secrets-key", KEY),
            "is in the partition aws, but --boundary is in aws-us-gov",
        ),
        (("main", "--region", "mars"), "'mars' is not a region of AWS; expected one like us-east-1"),
        (("main", "--region", ""), "'' is not a region"),
        (("main", "--region", "us-east-*"), "is not a region"),
        (("main", "--secrets-key", "*"), "--secrets-key '*' is not the ARN of a KMS key"),
        (("main", "--secrets-key", KEY.replace("key/", "alias/")), "a policy knows no alias"),
        (
            ("main", *["--secrets-key", KEY] * 11),
            "given 11 times; the setting secrets_key_arns takes at most 10",
        ),
        (("foundation", "--verify"), "foundation has nothing to verify"),
        (("main", "--out", ""), "--out is empty; give a directory"),
        (("main", "--out", " "), "--out is empty; give a directory"),
    ],
)
def test_refuses_in_one_line(
    words: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    done = run(*words)
    assert done.exit_code == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert message in line


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-gov-east-1", "aws-us-gov"),
        ("cn-north-1", "aws-cn"),
        ("us-iso-east-1", "aws-iso"),
        ("eu-west-9", "aws"),
    ],
)
def test_the_partition_is_the_regions_whatever_the_profile(
    region: str, partition: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_PROFILE", "nope")
    document = json.loads(run("main", "--region", region).stdout)
    assert {arn.split(":")[1] for arn in _resources(document) - {"*"}} == {partition}


def test_takes_as_many_keys_as_the_setting():
    keys = [f"{KEY[:-2]}{number:02}" for number in range(10)]
    done = run("main", *(word for key in keys for word in ("--secrets-key", key)))
    assert done.exit_code == 0
    assert set(keys) <= _resources(json.loads(done.stdout))


def test_parts_of_an_earlier_run_that_are_not_written_now_are_removed_and_named(tmp_path: Path):
    stale = [tmp_path / f"wms-deployer-main-{number}.json" for number in (8, 12)]
    others = [
        tmp_path / name
        for name in (
            "wms-deployer-main-x-9.json",
            "wms-deployer-main-09.json",
            "wms-deployer-val-9.json",
            "a.json",
        )
    ]
    for file in (*stale, *others):
        file.write_text("{}")
    done = run("main", *ACCOUNT, *BOUNDARY, "--out", str(tmp_path))
    assert done.exit_code == 0
    assert [file for file in (*stale, *others) if file.exists()] == others
    assert [line.split(",")[0] for line in sorted(done.stderr.splitlines(), key=len)] == [
        f"note: removed {file}" for file in stale
    ]


def test_the_boundary_leaves_the_parts_of_the_policy_alone(tmp_path: Path):
    run("--ephemeral", *ACCOUNT, *BOUNDARY, "--out", str(tmp_path))
    before = set(tmp_path.iterdir())
    assert run("--ephemeral", "--boundary-policy", *ACCOUNT, "--out", str(tmp_path)).exit_code == 0
    assert set(tmp_path.iterdir()) == before | {tmp_path / "wms-boundary-ephemeral.json"}


def test_nothing_is_written_where_one_of_the_files_cannot_be(tmp_path: Path):
    (tmp_path / "wms-deployer-main-image.json").mkdir()
    (tmp_path / "wms-deployer-main-99.json").write_text("{}")
    before = set(tmp_path.iterdir())
    done = run("main", *ACCOUNT, *BOUNDARY, "--out", str(tmp_path))
    assert (done.exit_code, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert f"{tmp_path / 'wms-deployer-main-image.json'} is a directory" in line
    assert "remove it, or give another directory" in line
    assert set(tmp_path.iterdir()) == before


def test_the_printed_commands_are_quoted_for_the_shell(tmp_path: Path):
    out = tmp_path / "my policies"
    done = run("main", *ACCOUNT, *BOUNDARY, "--out", str(out))
    assert done.exit_code == 0
    for line in done.stdout.splitlines():
        *_, document = shlex.split(line)
        assert Path(document.removeprefix("file://")).parent == out
        json.loads(Path(document.removeprefix("file://")).read_text(encoding="utf-8"))


def test_calls_nothing(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the command is for printing only")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("boto3.session.Session.client", refuse)
    assert run("--ephemeral").exit_code == 0
