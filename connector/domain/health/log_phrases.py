"""What a line of the worker's log holds that starts the health function. Pure.

CloudWatch Logs sends such lines to it; `refused_login` and `log_lines` read them. Apart from those modules,
because a template needs the words only and not all that can be said of an error.
"""

from connector.domain.diagnosis.oracle_codes import LOGIN_CODES

#: What Kafka's client says of a refused login: its exception, and NetworkClient's line.
BROKERS = ("SaslAuthenticationException", "failed authentication due to")
#: Of a refused login. Oracle writes its numbers with five digits.
LOGIN = (*(f"ORA-{code:05d}" for code in sorted(LOGIN_CODES)), *BROKERS)
#: What Connect's WorkerTask says when a task fails. The status changes once it has closed what it had open.
TASK_FAILED = "Task is being killed and will not recover until manually restarted"
#: How often Debezium looks for the redo log at its position, and after how many seconds it does so last: the
#: waits between are 1, 2, 4, 8 and 16 s. With the last of these lines the task's end is certain: it fails
#: 32 s later without another look (`getLogs` of LogFileCollector in Debezium 3.6; there is one attempt more
#: than `log.mining.log.query.max.retries` says, which is 5 by default).
LOG_ATTEMPTS, LAST_ATTEMPT_SECONDS = 6, 31
LOG_MISSING = f"No logs available yet (attempt {LOG_ATTEMPTS})"
PHRASES = (*LOGIN, TASK_FAILED, LOG_MISSING)
#: The same as a filter pattern of CloudWatch Logs: any of these texts, exactly.
PATTERN = " ".join(f'?"{phrase}"' for phrase in PHRASES)
