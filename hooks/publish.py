"""`!wms_publish`: upload the Lambda zip to the artifact bucket before a stack refers to it."""

from sceptre.hooks import Hook

from connector.aws import calls, stacks
from connector.domain.errors import ServerError
from connector.domain.stage.artifacts import zip_folder
from connector.sceptre import stack as sceptre_stack
from lambda_src import packaging

BUCKET_OUTPUT = "ArtifactBucketName"


class PublishArtifacts(Hook):  # type: ignore[misc]
    """Upload the zip, which is named by its content, unless it is there already."""

    def run(self) -> None:
        with sceptre_stack.one_line_errors(self.stack.name):
            connection = self.stack.connection_manager
            bucket = stacks.foundation_output(connection, BUCKET_OUTPUT)
            package = packaging.build_package(zip_folder(sceptre_stack.stage_of(self.stack)))
            if uploaded(connection, bucket, package.key):
                self.logger.info("Lambda code %s: unchanged", package.key)
                return
            upload(connection, bucket, package)
            self.logger.info("Lambda code %s: uploaded, %d bytes", package.key, len(package.content))


def uploaded(connection: calls.Port, bucket: str, key: str) -> bool:
    """Whether the object is known to exist; its name is its content, so existing is enough.

    Without s3:ListBucket, S3 answers 403 for an object that does not exist ("HeadObject" in S3's API
    Reference, Permissions). So 403 does not say whether it exists, and uploading it again harms nothing.
    """
    try:
        return calls.find(connection, "s3", "head_object", {"Bucket": bucket, "Key": key}) is not None
    except calls.ClientError as error:
        if calls.denied(error):
            return False
        raise


def upload(connection: calls.Port, bucket: str, package: packaging.Package) -> None:
    """Upload the zip; a refusal names the object and the rights that an upload needs."""
    request = {"Bucket": bucket, "Key": package.key, "Body": package.content}
    try:
        connection.call("s3", "put_object", request)
    except calls.ClientError as error:
        raise ServerError(
            f"the Lambda code s3://{bucket}/{package.key} could not be uploaded: "
            f"{calls.refusal(error).rstrip('.')}. A deployer needs s3:PutObject on that bucket, and "
            "kms:GenerateDataKey on the foundation's key"
        ) from None
