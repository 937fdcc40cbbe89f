"""Secrets as tests write them."""

import json

from hypothesis import strategies as st

from connector.domain.secrets.characters import invisible
from connector.domain.secrets.redacted import Redacted
from connector.domain.secrets.secrets import StoredSecret

PATH = "wms/main/dbInfo"

#: Characters that a confidential value may have anywhere.
visible = st.characters(exclude_categories=["C", "Z", "M"]).filter(lambda one: invisible(one) is None)


def stored(value: object, path: str = PATH) -> StoredSecret:
    """A secret that holds `value`: text as it is, anything else as JSON."""
    text = value if isinstance(value, str) else json.dumps(value)
    return StoredSecret(
        path, f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{path}", "1", Redacted(text)
    )
