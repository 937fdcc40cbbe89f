"""Statements of the policies of topics, queues and buckets, each made by a function named for what it does.

Statements of roles, of the key and older ones of topics and queues are in `templates.shared.iam`.
"""

from typing import Any

from awacs import aws
from awacs.aws import Allow, ArnEquals, Bool, Condition, Principal, Statement, StringEquals
from troposphere import GetAtt, Ref, Sub

#: A request that does not carry this key is not denied: `Bool` needs the key to be there.
_PLAIN_HTTP = Condition(Bool({"aws:SecureTransport": "false"}))


def publish_over_tls_only(topic: Any) -> Statement:
    """Topic policy: nobody may publish without TLS.

    AWS's example: "Amazon SNS security best practices", enforce encryption of data in transit. EventBridge
    publishes under such a policy: the CDK's topics have this statement with `enforceSSL`, targets of rules
    included. What an encrypted topic cannot have is a condition in the statement that allows EventBridge.
    """
    return Statement(
        Sid="TlsOnly",
        Effect=aws.Deny,
        Principal=Principal("*"),
        Action=[aws.Action("sns", "Publish")],
        Resource=[topic],
        Condition=_PLAIN_HTTP,
    )


def use_queue_over_tls_only(queue: str) -> Statement:
    """Queue policy: nobody may use the queue with this logical id without TLS.

    AWS's example: "Amazon SQS security best practices", enforce encryption of data in transit.
    """
    return Statement(
        Sid="TlsOnly",
        Effect=aws.Deny,
        Principal=Principal("*"),
        Action=[aws.Action("sqs", "*")],
        Resource=[GetAtt(queue, "Arn")],
        Condition=_PLAIN_HTTP,
    )


def deliver_access_logs(target: str, source: str) -> Statement:
    """Bucket policy: S3 may write the access logs of the bucket `source`, and of no other, into `target`.

    Both are logical ids. AWS's example: S3 user guide, "Enabling Amazon S3 server access logging".
    """
    return Statement(
        Sid="DeliverAccessLogs",
        Effect=Allow,
        Principal=Principal("Service", ["logging.s3.amazonaws.com"]),
        Action=[aws.Action("s3", "PutObject")],
        Resource=[Sub(f"${{{target}.Arn}}/*")],
        Condition=Condition(
            [
                ArnEquals({"aws:SourceArn": GetAtt(source, "Arn")}),
                StringEquals({"aws:SourceAccount": Ref("AWS::AccountId")}),
            ]
        ),
    )
