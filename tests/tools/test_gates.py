"""The policy gates: what they read, what they say, and that they cannot pass without having read anything."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from connector.sceptre.render import write
from tests.support.rendered_config import rendered
from tools.gates import __main__ as gates
from tools.gates import checkov, nist, parliament, templates
from tools.gates.judge import CDK_NAG, CHECKOV, GateError, GateFinding, excepted, problems, without_exceptions

EXCUSED = {
    "checkov": {"skip": [{"id": "CKV_1", "comment": "Why."}]},
    "cdk_nag": {"rules_to_suppress": [{"id": "NIST-1", "reason": "Why."}]},
}
TEMPLATES = {
    "main/x.json": json.dumps(
        {
            "Resources": {
                "A": {"Type": "T", "Properties": {}, "Metadata": {"other": 1, **EXCUSED}},
                "B": {"Type": "T", "Properties": {}},
            }
        }
    )
}


def test_exceptions_are_read_from_the_metadata_for_each_tool():
    assert excepted(TEMPLATES, CHECKOV) == {GateFinding("main/x.json", "A", "CKV_1")}
    assert excepted(TEMPLATES, CDK_NAG) == {GateFinding("main/x.json", "A", "NIST-1")}


def test_a_template_is_read_without_its_exceptions_too():
    bare = json.loads(without_exceptions(TEMPLATES["main/x.json"]))
    assert bare["Resources"]["A"]["Metadata"] == {"other": 1}


def test_a_finding_without_a_reason_and_a_reason_without_a_finding_are_problems():
    excused = {GateFinding("main/x.json", "A", "CKV_1"), GateFinding("main/x.json", "A", "CKV_2")}
    found = [GateFinding("main/x.json", "A", "CKV_1"), GateFinding("main/x.json", "B", "CKV_3", "Encrypt it")]
    new, stale = problems(found, found[1:], excused)
    assert new.startswith("main/x.json: B: CKV_3: Encrypt it; change the template, or write the reason into ")
    assert stale.startswith("main/x.json: A: nothing is found that the exception from CKV_2 excuses; ")
    assert list(problems(found[:1], [], {found[0]})) == []


def program(tmp_path: Path, output: str, status: int = 0) -> Path:
    """A tool that prints a prepared report and keeps what it was called with and what it read."""
    path = tmp_path / "tool"
    (tmp_path / "output").write_text(output, encoding="utf-8")
    path.write_text(
        f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\nfor last; do :; done\n'
        f'test -d "$last" && (cd "$last" && find . -type f | sort) > {tmp_path}/read\n'
        f"cat {tmp_path}/output\nexit {status}\n",
        encoding="utf-8",
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def checkov_report(*failed: str, **summary: int) -> str:
    """`failed` are `as-sent/main/x.json A CKV_1`, as checkov's report gives them in parts."""
    checks = [
        {"file_path": f"/{path}", "resource": f"T.{title}", "check_id": rule, "check_name": "Do it"}
        for path, title, rule in (entry.split() for entry in failed)
    ]
    return json.dumps(
        {"summary": {"passed": 5, "parsing_errors": 0, **summary}, "results": {"failed_checks": checks}}
    )


def test_checkov_reads_templates_with_and_without_their_exceptions_and_asks_no_network(tmp_path: Path):
    tool = program(tmp_path, checkov_report("bare/main/x.json A CKV_1"), status=1)
    assert checkov.run(tool, {**TEMPLATES, "main/y.json": '{"Resources": {}}'}) == []
    assert (tmp_path / "read").read_text(encoding="utf-8").split() == [
        "./as-sent/main/x.json",
        "./as-sent/main/y.json",
        "./bare/main/x.json",
    ]
    assert "--skip-download" in (tmp_path / "arguments").read_text(encoding="utf-8")


def test_what_checkov_finds_as_sent_has_no_reason(tmp_path: Path):
    tool = program(tmp_path, checkov_report("bare/main/x.json A CKV_1", "as-sent/main/x.json B CKV_3"), 1)
    (line,) = checkov.run(tool, TEMPLATES)
    assert line.startswith("main/x.json: B: CKV_3: Do it; ")


@pytest.mark.parametrize(
    "output", ["", "no json", "[]", checkov_report(passed=0), checkov_report(parsing_errors=1)]
)
def test_a_checkov_that_read_nothing_does_not_pass(tmp_path: Path, output: str):
    with pytest.raises(GateError, match=r"^checkov [^\n]*$"):
        checkov.run(program(tmp_path, output), TEMPLATES)


def policy(resource: Any) -> dict[str, str]:
    """A template with one policy that names `resource`."""
    statement = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [resource]}
    content = {
        "Parameters": {"KmsKeyArn": {"Type": "String"}},
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {}},
            "Odd": {"Type": "AWS::Odd::Thing", "Properties": {}},
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow"}]},
                    "Policies": [{"PolicyDocument": {"Statement": [statement]}}],
                },
            },
        },
    }
    return {"main/x.json": json.dumps(content)}


@pytest.mark.parametrize(
    ("resource", "resolved"),
    [
        ({"Fn::Sub": "${Bucket.Arn}/*"}, "arn:aws:s3:::wms-bucket/*"),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, "arn:aws:s3:::wms-bucket"),
        ({"Fn::Sub": "arn:${AWS::Partition}:s3:::x-${AWS::AccountId}"}, "arn:aws:s3:::x-123456789012"),
        ({"Ref": "KmsKeyArn"}, parliament._KEY),
    ],
)
def test_policies_are_read_with_their_references_resolved_and_trust_left_out(resource: Any, resolved: str):
    (found,) = parliament.documents(policy(resource))
    assert found.place == "main/x.json: Role"
    assert found.document["Statement"][0]["Resource"] == [resolved]


def test_a_reference_that_nobody_can_resolve_is_told():
    with pytest.raises(GateError, match="refers to Odd, an AWS::Odd::Thing; give the type an ARN"):
        list(parliament.documents(policy({"Fn::GetAtt": ["Odd", "Arn"]})))


def finding(issue: str, detail: Any, number: int = 0) -> dict[str, Any]:
    return {
        "issue": issue,
        "title": issue,
        "detail": detail,
        "location": {"filepath": f"policies/{number}.json"},
    }


#: One finding that each waiver names.
WAIVED = [
    finding("RESOURCE_MISMATCH", [{"action": "ec2:CreateNetworkInterface"}]),
    finding(
        "UNKNOWN_CONDITION_FOR_ACTION",
        "Unknown condition lambda:SourceFunctionArn for action ec2:CreateNetworkInterface",
    ),
    finding("RESOURCE_STAR", ["ecs:ListTasks"]),
    finding("RESOURCE_STAR", ["kms:Decrypt"], 1),
    finding(
        "UNKNOWN_CONDITION_FOR_ACTION",
        "Unknown condition kms:EncryptionContext:aws:logs:arn for action kms:DescribeKey",
        1,
    ),
    finding("MISMATCHED_TYPE", "Type mismatch: ArnLike requires a value of type Arn but given String", 1),
]
PLACES = [
    parliament.Document("main/functions.json: ConnectAdminRole", {}),
    parliament.Document("foundation/foundation.json: Key", {}),
]


def test_false_alarms_are_waived_by_name_and_each_waiver_is_used():
    assert list(parliament._problems(WAIVED, PLACES)) == []
    for missing in range(len(WAIVED)):
        (line,) = parliament._problems(WAIVED[:missing] + WAIVED[missing + 1 :], PLACES)
        assert line.startswith("nothing is found that the waiver ")


@pytest.mark.parametrize(
    "other",
    [
        finding("RESOURCE_STAR", ["kms:Decrypt"], 0),
        finding("RESOURCE_MISMATCH", [{"action": "s3:GetObject"}]),
        finding("UNKNOWN_ACTION", "Unknown action ecs:ListTask"),
    ],
)
def test_everything_else_is_a_problem_with_its_place(other: dict[str, Any]):
    (line,) = parliament._problems([*WAIVED, other], PLACES)
    assert line.startswith(f"main/functions.json: ConnectAdminRole: {other['issue']}: ")


def test_each_waiver_says_why():
    assert all(
        len(waiver.reason.split()) >= 10 and waiver.reason.endswith(".") for waiver in parliament.WAIVERS
    )


def test_a_parliament_that_breaks_does_not_pass(tmp_path: Path):
    with pytest.raises(GateError, match="parliament failed with status 3"):
        parliament.run(program(tmp_path, "", status=3), policy("*"))


def test_without_node_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(GateError, match=r"^make nist needs Node\.js 20 or later and npm; install them"):
        nist.run(Path("none"), TEMPLATES)


def test_a_pack_that_breaks_does_not_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("shutil.which", lambda _: str(program(tmp_path, "", status=1)))
    with pytest.raises(GateError, match="cdk-nag failed with status 1"):
        nist.run(Path("none"), TEMPLATES)


def test_what_the_pack_finds_is_compared_with_the_reasons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    one = {"template": "main/x.json", "resource": "B", "rule": "NIST-2", "text": "Do it"}
    report = json.dumps({"bare": [one], "left": [one]})
    monkeypatch.setattr("shutil.which", lambda _: str(program(tmp_path, report)))
    new, stale = nist.run(Path("none"), TEMPLATES)
    assert new.startswith("main/x.json: B: NIST-2: Do it; ")
    assert "NIST-1" in stale


@pytest.mark.slow
def test_the_variants_bring_what_config_does_not_render(tmp_path: Path):
    list(write(rendered(), tmp_path))
    known = set(templates.read_all(tmp_path))
    made = {str(path.relative_to(tmp_path)) for path in templates.write_variants(tmp_path)}
    found = templates.read_all(tmp_path)
    assert made == set(found) - known
    assert {name.partition("/")[0] for name in made} == set(templates.VARIANTS)
    assert "AWS::ElasticLoadBalancingV2::LoadBalancer" in found["main+alb/network.json"]
    assert "kafka-cluster:DeleteTopic" in found["default+iam/functions.json"]
    assert "kafkaCredentials" in found["main+scram/connector.json"]
    assert "main+alb/alarms.json" not in made


def test_the_program_ends_with_1_for_problems_and_with_2_for_a_gate_that_did_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    directory = tmp_path / "rendered"
    (directory / "main").mkdir(parents=True)
    (directory / "main" / "x.json").write_text(TEMPLATES["main/x.json"], encoding="utf-8")
    good = program(tmp_path, checkov_report("bare/main/x.json A CKV_1"))
    assert gates.main(["checkov", str(directory), str(good)]) == 0
    bad = program(tmp_path, checkov_report("as-sent/main/x.json B CKV_3", "bare/main/x.json A CKV_1"))
    assert gates.main(["checkov", str(directory), str(bad)]) == 1
    assert capsys.readouterr().err.startswith("checkov: main/x.json: B: CKV_3: ")
    assert gates.main(["checkov", str(directory), str(program(tmp_path, ""))]) == 2
    assert capsys.readouterr().err == "error: checkov gave no report: no output\n"
    assert gates.main(["sonar", str(directory), "x"]) == 2
    with pytest.raises(SystemExit, match="holds no template"):
        templates.read_all(tmp_path / "none")
