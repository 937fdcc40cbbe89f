"""Without the secret `kafkaTls` clients trust public authorities, Amazon's among them, which sign for MSK.

Amazon MSK developer guide, "Get started with Amazon MSK encryption": brokers' certificates are of Amazon
Trust Services. The fingerprints: https://www.amazontrust.com/repository/.
"""

import hashlib
import re
import ssl
import subprocess
from pathlib import Path

import pytest

from connector.local import toolchain
from connector.local.broker_tls import Authority
from lambda_src.clients.kafka_port import _trusting

pytestmark = pytest.mark.e2e

ROOTS = {
    "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
    "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
    "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
    "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
}


def test_java_s_own_store_read_as_the_worker_reads_it_has_amazon_s_authorities():
    """As a JKS file without a password: the entry point's settings."""
    java_home = toolchain.find().java_home
    store = java_home / "lib" / "security" / "cacerts"
    keytool = str(java_home / "bin" / "keytool")
    command = [keytool, "-list", "-keystore", str(store), "-storetype", "JKS"]
    done = subprocess.run(command, input="\n", capture_output=True, text=True, check=True)
    found = {each.replace(":", "").lower() for each in re.findall(r"SHA-256\): ([0-9A-F:]{95})", done.stdout)}
    assert found >= ROOTS


def _trusted(pem: str | None) -> set[str]:
    context: ssl.SSLContext = _trusting(pem)
    return {hashlib.sha256(der).hexdigest() for der in context.get_ca_certs(binary_form=True)}


def test_the_functions_trust_them_but_for_a_private_authority_which_they_trust_alone(tmp_path: Path):
    pem = Authority(tmp_path).make()
    assert _trusted(None) >= ROOTS
    assert _trusted(pem) == {hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()}
