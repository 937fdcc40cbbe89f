"""`!alb_tls`: the load balancer's certificate; nothing if the stage has no load balancer."""

from sceptre.resolvers import Resolver

from connector.domain.secrets import fallback, secrets
from connector.domain.secrets.shapes import parse_alb_tls
from connector.sceptre import stack as sceptre_stack


class AlbTls(Resolver):  # type: ignore[misc]
    """Resolve the secret connectAlbTls to the ARN of its certificate or authority; None without that secret.

    The authority's PEM is not returned: the functions read it from the secret.
    """

    def resolve(self) -> dict[str, str] | None:
        with sceptre_stack.refusals_shown(self.stack.name):
            stack = self.stack
            fetch = sceptre_stack.SECRETS.fetcher(stack.connection_manager)
            stored = fallback.find_secret(
                sceptre_stack.secret_prefix(stack), sceptre_stack.stage_of(stack), secrets.ALB_TLS, fetch
            )
            if stored is None:
                return None
            found = parse_alb_tls(stored)
            if "certificateArn" in found:
                return {"certificate_arn": found["certificateArn"]}
            return {"certificate_authority_arn": found["certificateAuthorityArn"]}
