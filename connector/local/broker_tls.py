"""The brokers' certificates, of an authority that is made on the spot, and the password of their one user."""

import datetime as dt
import ipaddress
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

#: A local world does not live so long.
_VALID = dt.timedelta(days=365)
_PKCS8 = serialization.PrivateFormat.PKCS8
_PLAIN = serialization.NoEncryption()
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Authority:
    """A private authority in a directory: its certificate, and the key that only its owner reads."""

    directory: Path

    @property
    def certificate(self) -> Path:
        """What clients trust, as PEM."""
        return self.directory / "authority.pem"

    @property
    def _key(self) -> Path:
        return self.directory / "authority-key.pem"

    def make(self) -> str:
        """Make it unless it is there; answers its certificate as PEM."""
        if not self.certificate.exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            key = ec.generate_private_key(ec.SECP256R1())
            # A client that trusts two authorities looks for the issuer by its name.
            name = _name(f"wms-connector local world {secrets.token_hex(4)}")
            built = (
                _certificate(name, name, key.public_key())
                .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
                .sign(key, hashes.SHA256())
            )
            _write(self._key, key.private_bytes(_PEM, _PKCS8, _PLAIN))
            _write(self.certificate, built.public_bytes(_PEM))
        return self.certificate.read_text(encoding="utf-8")

    def issue(self, address: str, keystore: Path) -> None:
        """Write key and certificate chain of the server at an IP address, as Kafka reads them."""
        self.make()
        authority = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        signing = serialization.load_pem_private_key(self._key.read_bytes(), password=None)
        if not isinstance(signing, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{self._key} is not an EC key")
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        built = (
            _certificate(_name(address), authority.subject, key.public_key())
            .add_extension(names, critical=False)
            .sign(signing, hashes.SHA256())
        )
        chain = built.public_bytes(_PEM) + authority.public_bytes(_PEM)
        _write(keystore, key.private_bytes(_PEM, _PKCS8, _PLAIN) + chain)


@dataclass(frozen=True)
class BrokerFiles:
    """What a node needs to know its clients: `keystore` is its own, the rest is the world's.

    `iam`: the file that says where IAM answers.
    """

    authority: Authority
    keystore: Path
    iam: Path
    password: str = field(repr=False)

    def issue(self, address: str) -> None:
        """Give the node at this address its certificate; a new one with each start."""
        self.authority.issue(address, self.keystore)


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        # A clock that was set back a little must not make it a certificate of the future.
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + _VALID)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _write(path: Path, content: bytes) -> None:
    """Readable by its owner only, from the first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as output:
        output.write(content)
