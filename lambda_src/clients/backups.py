"""The stage's backups in the artifact bucket: an object each, below the stage's own prefix."""

from collections.abc import Iterator

from connector.domain.errors import OperatorError
from connector.domain.stage import backup
from connector.domain.stage.backup import StageBackup
from connector.domain.stage.stage import Stage
from lambda_src.clients.aws import aws_errors
from lambda_src.clients.objects import S3


class Backups:
    """The backups of one stage. Raises `ServerError` when S3 refuses."""

    def __init__(self, s3: S3, bucket: str, stage: Stage) -> None:
        self._s3, self._bucket, self._stage = s3, bucket, stage

    def keep_backup(self, identifier: str, content: StageBackup) -> None:
        """Write a backup; whoever reads the bucket finds it whole or not at all."""
        with aws_errors("writing a backup (s3:PutObject)"):
            self._s3.put_object(
                Bucket=self._bucket,
                Key=backup.key(self._stage, identifier),
                Body=content.to_text().encode(),
            )

    def find_backup(self, identifier: str) -> StageBackup:
        """One of the backups that `backup_ids` names; `OperatorError` if it is another stage's, or none."""
        with aws_errors("reading a backup (s3:GetObject)"):
            found = self._s3.get_object(Bucket=self._bucket, Key=backup.key(self._stage, identifier))
            body: bytes = found["Body"].read()
        content = StageBackup.from_text(body.decode(errors="replace"))
        if content.stage != self._stage.name:
            raise OperatorError(f"backup {identifier} is one of stage {content.stage!r}")
        return content

    def backup_ids(self) -> tuple[str, ...]:
        """The ids of all backups, the newest first."""
        with aws_errors("listing the backups (s3:ListBucket)"):
            return backup.ids(self._stage, self._backup_keys())

    def _backup_keys(self) -> Iterator[str]:
        page: dict[str, str] = {}
        while True:
            prefix = backup.prefix(self._stage)
            answer = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=prefix, **page)
            yield from (found["Key"] for found in answer.get("Contents", []))
            if not answer.get("IsTruncated"):
                return
            page = {"ContinuationToken": answer["NextContinuationToken"]}
