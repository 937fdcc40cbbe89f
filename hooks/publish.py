"""`!wms_publish`: upload the Lambda zip to the artifact bucket before a stack refers to it."""

from sceptre.hooks import Hook

from connector.aws import calls, stacks
from connector.sceptre import stack as sceptre_stack
from lambda_src import packaging

BUCKET_OUTPUT = "ArtifactBucketName"


class PublishArtifacts(Hook):  # type: ignore[misc]
    """Upload the zip, which is named by its content, unless it is there already."""

    def run(self) -> None:
        with sceptre_stack.one_line_errors(self.stack.name):
            connection = self.stack.connection_manager
            bucket = stacks.foundation_output(connection, BUCKET_OUTPUT)
            package = packaging.build_package()
            if uploaded(connection, bucket, package.key):
                self.logger.info("Lambda code %s: unchanged", package.key)
                return
            connection.call(
                "s3", "put_object", {"Bucket": bucket, "Key": package.key, "Body": package.content}
            )
            self.logger.info("Lambda code %s: uploaded, %d bytes", package.key, len(package.content))


def uploaded(connection: calls.Port, bucket: str, key: str) -> bool:
    """Whether the object exists; its name is its content, so existing is enough."""
    return calls.find(connection, "s3", "head_object", {"Bucket": bucket, "Key": key}) is not None
