"""Each mistake is answered by one clear line and a status that is not 0; no secret shows, nothing changes."""

import json
from pathlib import Path
from typing import Any

import pytest

from connector.image_publishing import content
from tests.local.conftest import Embedded
from tests.mistakes.cases import CASES, LAUNCH, Case, Is, link_stage
from tests.mistakes.conftest import CONFIDENTIAL, DB_INFO, Account, in_process
from tests.support.sceptre_cli import Run, sceptre

pytestmark = pytest.mark.e2e

#: Sceptre's own words, where a mistake is found before a hook of ours is asked.
_LONGEST_LINE = 900


def test_there_are_at_least_sixty_cases_with_names_of_their_own():
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mistake_is_one_clear_line_and_changes_nothing(account: Account, project: Path, case: Case):
    try:
        _arrange(account, project, case)
        before = account.state()
        run = in_process(project, {**account.environment, **case.environment}, *case.command)
        after = account.state()
    finally:
        account.put_back()
    _assert_refused(run, *case.words)
    assert after == before


@pytest.mark.parametrize(
    ("path", "settings", "words"),
    [
        (
            "val",
            "task_cpu: [\n",
            ("val/config.yaml cannot be read", "line 1, column 12", "nothing was changed"),
        ),
        (
            "val",
            "desired_count 2\n",
            ("val/config.yaml holds 'desired_count 2'", "is not a setting", "nothing was changed"),
        ),
        ("val", "5\n", ("val/config.yaml holds 5, which is not a setting",)),
        ("val", "- a\n", ("val/config.yaml holds ['a'], which is not a setting",)),
        ("val", "owner: !secret_falback x\n", ("'!secret_falback'", "known: ", "!secret_fallback")),
        (".", "", ("the path must be a stage",)),
        ("val", "desired_count: -1\n", ("desired_count", "not -1")),
    ],
)
def test_what_sceptre_itself_stumbles_over_is_one_line_too(
    account: Account, project: Path, path: str, settings: str, words: tuple[str, ...]
):
    """As real processes: only they have the excepthook that tells these."""
    (project / "config" / "val" / "config.yaml").write_text(settings)
    before = account.state()
    run = sceptre(account.environment, "launch", path, "--yes", project=project, seconds=60)
    _assert_refused(run, *words)
    assert account.state() == before


def test_an_endpoint_that_is_no_url_is_one_line(account: Account, project: Path):
    run = sceptre({**account.environment, "AWS_ENDPOINT_URL": "foo"}, *LAUNCH, project=project, seconds=60)
    _assert_refused(run, "the AWS endpoint 'foo' is not a URL; set AWS_ENDPOINT_URL")


def test_the_real_command_refuses_a_malformed_secret_without_showing_it(account: Account, project: Path):
    try:
        account.put("val/dbInfo", json.dumps(DB_INFO)[:-1])
        run = sceptre(account.environment, *LAUNCH, project=project, seconds=60)
    finally:
        account.put_back()
    _assert_refused(run, "wms/val/dbInfo", "not valid JSON")


def test_a_secret_that_iam_denies_is_refused_though_the_default_could_be_read(
    enforcing: Embedded, project: Path
):
    """The real refusal of an AWS that evaluates policies, not a stand-in for it."""
    account = Account(enforcing)
    account.put("val/dbInfo", DB_INFO)
    iam = enforcing.client("iam")
    iam.create_user(UserName="operator")
    statements = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": "*:secret:wms/val/dbInfo-*",
        },
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName="operator", PolicyName="all-but-one", PolicyDocument=document)
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    operator = {
        **account.environment,
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    launched = sceptre(operator, "launch", "foundation", "--yes", project=project, seconds=60)
    assert launched.status == 0, launched.output
    before = account.state()
    run = sceptre(operator, *LAUNCH, project=project, seconds=60)
    _assert_refused(run, "wms/val/dbInfo may not be read", "the default secret is not used in its place")
    assert account.state() == before


def test_an_unpublished_image_is_named_with_the_command_before_any_stack_is_touched(
    account: Account, project: Path, monkeypatch: pytest.MonkeyPatch
):
    """A checkout whose image nobody has published: the registry has another tag only."""
    monkeypatch.setattr(content, "tag", lambda: "0123456789abcdef")
    before = account.state()
    run = in_process(project, account.environment, *LAUNCH)
    _assert_refused(run, "wms-connector:0123456789abcdef, is not in", "run `wms-connector image publish`")
    assert account.state() == before


def test_without_a_mistake_the_same_stage_is_admitted_and_launched(account: Account, project: Path):
    """The table's cases are refused for what is wrong in them and for nothing else."""
    link_stage(project, "right")
    one = "ephemeral/right/alerts.yaml"
    launched = in_process(project, account.environment, "launch", one, "--yes", new_clients=True)
    assert launched.status == 0, launched.output
    assert account.state()["stacks"]["wms-alerts-right"][0] == "CREATE_COMPLETE"
    deleted = in_process(project, account.environment, "delete", one, "--yes", new_clients=True)
    assert deleted.status == 0, deleted.output


def test_a_bad_directory_breaks_no_other_stages_command(account: Account, project: Path):
    """`delete` reads all of config/."""
    for name in ("Main", "a b", "wms"):
        link_stage(project, name)
    link_stage(project, "good")
    run = in_process(project, account.environment, "delete", "ephemeral/good", "--yes")
    assert run.status == 0, run.output


def test_admission_asks_again_in_the_next_run(account: Account, project: Path):
    """A fixed mistake is no mistake, and a new one is found though the stage was admitted before."""
    for kind in ("nothing", "data", "nothing"):
        (project / "config" / "val" / "config.yaml").write_text(f"subnets: {kind}\ndesired_count: -1\n")
        run = in_process(project, account.environment, *LAUNCH)
        _assert_refused(run, "subnets 'nothing'" if kind == "nothing" else "desired_count")


def _arrange(account: Account, project: Path, case: Case) -> None:
    if case.settings is not None:
        (project / "config" / "val" / "config.yaml").write_text(case.settings)
    for path, value in case.secrets.items():
        _set(account, path, value)
    if case.arrange is not None:
        case.arrange(project)


def _set(account: Account, path: str, value: Any) -> None:
    if value is Is.GONE:
        account.drop(path)
        return
    if value is Is.DENIED:
        account.denied.add(f"wms/{path}")
        return
    account.put(path, "x" if value is Is.DELETED else value)
    if value is Is.DELETED:
        account.mark_deleted(path)


def _assert_refused(run: Run, *words: str) -> None:
    assert run.status != 0, run.output
    assert "Traceback" not in run.output
    # Sceptre prints an error as JSON writes a text.
    line = json.loads(run.last_line) if run.last_line.startswith('"') else run.last_line
    for word in words:
        assert word in line, run.output
    assert len(line) < _LONGEST_LINE, line
    assert "\n" not in line, line
    for secret in CONFIDENTIAL:
        assert secret not in run.output
