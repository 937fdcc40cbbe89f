"""What a line of the worker's log holds that may tell of a refused login. Pure.

CloudWatch Logs sends such lines to the health function; `refused_login` reads them. Apart from that module,
because a template needs the words only and not all that can be said of an error.
"""

from connector.domain.diagnosis.oracle_codes import LOGIN_CODES

#: What Kafka's client says of a refused login: its exception, and NetworkClient's line.
BROKERS = ("SaslAuthenticationException", "failed authentication due to")
#: Oracle writes its numbers with five digits.
PHRASES = (*(f"ORA-{code:05d}" for code in sorted(LOGIN_CODES)), *BROKERS)
#: The same as a filter pattern of CloudWatch Logs: any of these texts, exactly.
PATTERN = " ".join(f'?"{phrase}"' for phrase in PHRASES)
