from tests.templates.support import built, plain

RESOURCES = built("foundation")["Resources"]


def test_the_outputs_are_those_that_stages_and_hooks_ask_for():
    assert set(built("foundation")["Outputs"]) == {"ArtifactBucketName", "KmsKeyArn", "RepositoryUri"}


def test_the_bucket_is_private_versioned_encrypted_and_takes_tls_only():
    bucket = RESOURCES["Artifacts"]["Properties"]
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert bucket["VersioningConfiguration"]["Status"] == "Enabled"
    rule = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    (statement,) = RESOURCES["ArtifactsPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


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
