"""`!lambda_package`: the S3 key of the Lambda zip, which is named by its content."""

from sceptre.resolvers import Resolver

from connector.domain.stage.artifacts import zip_folder
from connector.sceptre import stack as sceptre_stack
from lambda_src import packaging


class LambdaPackage(Resolver):  # type: ignore[misc]
    """Resolve to the key under which the publishing hook uploads the zip."""

    def resolve(self) -> str:
        with sceptre_stack.one_line_errors(self.stack.name):
            return packaging.build_package(zip_folder(sceptre_stack.stage_of(self.stack))).key
