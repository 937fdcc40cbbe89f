"""When the certificate of a server expires."""

import socket
import ssl

from connector.domain.errors import ServerError


def certificate_expiry(host: str, port: int, authority_pem: str, seconds: float) -> float:
    """The end of the certificate that a server shows, in seconds since 1970.

    Raises `ServerError` when it cannot be read, or when a client would not accept it: an expired one.
    """
    try:
        context = ssl.create_default_context(cadata=authority_pem)
        with (
            socket.create_connection((host, port), timeout=seconds) as connection,
            context.wrap_socket(connection, server_hostname=host) as server,
        ):
            certificate = server.getpeercert() or {}
            return float(ssl.cert_time_to_seconds(str(certificate["notAfter"])))
    except ssl.SSLCertVerificationError as error:
        raise ServerError(f"{host} shows a certificate that is not valid: {error.verify_message}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ServerError(f"the certificate of {host} cannot be read: {reason}", retriable=True) from None
