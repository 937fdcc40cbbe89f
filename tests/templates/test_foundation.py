import json
from typing import Any

import pytest
from ministack.services import eventbridge

from tests.templates.support import built, of_type, plain

RESOURCES = built("foundation")["Resources"]


def test_the_outputs_are_those_that_stages_and_hooks_ask_for():
    assert set(built("foundation")["Outputs"]) == {
        "AlertTopicArn",
        "ArtifactBucketName",
        "KmsKeyArn",
        "RepositoryUri",
    }


def test_the_bucket_is_private_versioned_encrypted_and_takes_tls_only():
    bucket = RESOURCES["Artifacts"]["Properties"]
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert bucket["VersioningConfiguration"]["Status"] == "Enabled"
    rule = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    (statement,) = RESOURCES["ArtifactsPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_backups_and_digests_expire_and_zips_do_not():
    rules = RESOURCES["Artifacts"]["Properties"]["LifecycleConfiguration"]["Rules"]
    expiring = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    assert expiring == {"backups/": 90, "compared/": 1}


def test_images_are_immutable_and_scanned():
    images = RESOURCES["Images"]["Properties"]
    assert images["ImageTagMutability"] == "IMMUTABLE"
    assert images["ImageScanningConfiguration"] == {"ScanOnPush": True}


def test_logs_use_the_key_for_this_products_groups_only():
    statement = key_statement("LogsEncrypt")
    assert plain(statement["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]) == [
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/fargate/wms-connector-*",
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/wms-connector-*",
    ]


def test_alarms_are_bound_to_the_account_and_events_to_nothing():
    assert key_statement("AlarmsPublish")["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }
    assert "Condition" not in key_statement("EventsPublish")


def key_statement(sid: str):
    found = RESOURCES["Key"]["Properties"]["KeyPolicy"]["Statement"]
    return next(statement for statement in found if statement["Sid"] == sid)


def test_who_used_the_artifacts_is_logged_into_a_bucket_that_takes_nothing_else():
    log = RESOURCES["Artifacts"]["Properties"]["LoggingConfiguration"]
    assert log["DestinationBucketName"] == {"Ref": "AccessLogs"}
    _, allowed = RESOURCES["AccessLogsPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (allowed["Effect"], allowed["Action"]) == ("Allow", ["s3:PutObject"])
    assert allowed["Principal"] == {"Service": ["logging.s3.amazonaws.com"]}
    assert allowed["Condition"] == {
        "ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["Artifacts", "Arn"]}},
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
    }
    target = RESOURCES["AccessLogs"]["Properties"]
    assert all(target["PublicAccessBlockConfiguration"].values())
    assert target["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == 365


def test_old_images_expire_and_the_newest_200_stay():
    policy = json.loads(RESOURCES["Images"]["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"])
    untagged, old = policy["rules"]
    assert untagged["selection"]["tagStatus"] == "untagged"
    assert old["selection"] == {
        "tagStatus": "tagged",
        "tagPatternList": ["*"],
        "countType": "imageCountMoreThan",
        "countNumber": 200,
    }
    assert {rule["action"]["type"] for rule in policy["rules"]} == {"expire"}


def scan(source: str, kind: str, repository: str, **counts: int) -> dict[str, Any]:
    """The event of a scan, as the ECR user guide shows those of basic and of enhanced scanning."""
    return {
        "version": "0",
        "id": "13cde686-328b-6117-af20-0e5566167482",
        "detail-type": kind,
        "source": source,
        "account": "123456789012",
        "time": "2026-09-16T04:39:36Z",
        "region": "us-east-1",
        "resources": ["arn:aws:ecr:us-east-1:123456789012:repository/wms-connector"],
        "detail": {
            "scan-status": "COMPLETE",
            "repository-name": repository,
            "finding-severity-counts": counts,
            "image-digest": f"sha256:{'a' * 64}",
            "image-tags": ["0123456789abcdef"],
        },
    }


ARN = "arn:aws:ecr:us-east-1:123456789012:repository/wms-connector"
BASIC = ("aws.ecr", "ECR Image Scan", "wms-connector")
ENHANCED = ("aws.inspector2", "Inspector2 Scan", ARN)


@pytest.mark.parametrize(
    ("event", "mailed"),
    [
        (scan(*BASIC, CRITICAL=1, HIGH=2), True),
        (scan(*ENHANCED, CRITICAL=7, HIGH=61, MEDIUM=62, TOTAL=158), True),
        (scan(*BASIC, HIGH=10, MEDIUM=9), False),
        (scan(*ENHANCED, CRITICAL=0, HIGH=61), False),
        (scan("aws.ecr", "ECR Image Scan", "another-product", CRITICAL=3), False),
        (scan("aws.inspector2", "Inspector2 Scan", f"{ARN}-2", CRITICAL=3), False),
    ],
)
def test_critical_findings_in_our_images_are_mailed_and_no_others(event: dict[str, Any], *, mailed: bool):
    """By MiniStack's matcher, which is not ours."""
    rule = RESOURCES["CriticalFindings"]["Properties"]
    pattern = json.dumps(rule["EventPattern"]).replace('{"Fn::GetAtt": ["Images", "Arn"]}', f'"{ARN}"')
    assert eventbridge._event_pattern_error(pattern) is None
    given = eventbridge._event_from_test_payload(event)
    assert eventbridge._matches_pattern(pattern, given) is mailed


def test_the_event_goes_as_it_is_to_an_encrypted_topic_and_a_failed_delivery_is_alarmed():
    """A text made from its values would have to escape them."""
    assert RESOURCES["CriticalFindings"]["Properties"]["Targets"] == [
        {"Id": "Alerts", "Arn": {"Ref": "Alerts"}}
    ]
    assert RESOURCES["Alerts"]["Properties"]["KmsMasterKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]}
    alarm = RESOURCES["CriticalFindingsUndelivered"]["Properties"]
    assert alarm["Dimensions"] == [{"Name": "RuleName", "Value": {"Ref": "CriticalFindings"}}]
    assert (alarm["MetricName"], alarm["AlarmActions"]) == ("FailedInvocations", [{"Ref": "Alerts"}])


@pytest.mark.parametrize(
    ("emails", "mailed"), [(None, []), ([], []), (["a@example.com", "a@example.com"], ["a@example.com"])]
)
def test_the_addresses_are_subscribed_where_their_secret_exists(emails: Any, mailed: list[str]):
    found = of_type(built("foundation", emails=emails), "AWS::SNS::Subscription").values()
    assert [entry["Properties"]["Endpoint"] for entry in found] == mailed
