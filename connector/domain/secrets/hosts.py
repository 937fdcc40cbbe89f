"""What can be a host: an IPv4 address or a name."""

import ipaddress
import re


def plausible(host: str) -> bool:
    """Whether a text of the right characters is a host: digits and dots must be a valid IPv4 address."""
    if re.fullmatch(r"[0-9.]+", host):
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            return False
        return True
    return ".." not in host
