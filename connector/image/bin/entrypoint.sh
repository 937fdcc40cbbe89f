#!/bin/sh
# Starts the Kafka Connect worker; the same script in the image and under the local stand-in for Fargate.
# It adds to the task definition's environment what that cannot know: the task's address (TASK_ADDRESS), a
# pattern for the log that matches every confidential value (CONNECT_LOG_MASK), and where the certificates are
# that the brokers' are checked against (KAFKA_TRUSTSTORE_TYPE and KAFKA_TRUSTSTORE_LOCATION).
#   CONNECT_HOME  the assembled directory (default: the one above this script)
#   CONNECT_TMP   the only directory written to (default /tmp)
set -eu

# The JVM reads non-ASCII values of the environment correctly only under a UTF-8 locale.
export LC_ALL=C.UTF-8

fail() {
  printf 'kafka-connect: %s\n' "$1" >&2
  exit 1
}

require() {
  for name in "$@"; do
    eval "value=\${$name:-}"
    [ -n "$value" ] || fail "the environment variable $name is missing or empty; the task definition sets it"
  done
}

fetch() {
  if command -v curl >/dev/null 2>&1; then
    curl --silent --fail --max-time 2 --noproxy '*' "$1"
  else
    wget -q -O - -T 2 -t 1 --no-proxy "$1"
  fi
}

# The first IPv4 address in a task's metadata, .Networks[0].IPv4Addresses[0]; nothing if there is none.
first_address() {
  tr -d '\n' | awk '
    match($0, /"IPv4Addresses"[ \t]*:[ \t]*\[[ \t]*"[0-9.]+"/) {
      found = substr($0, RSTART, RLENGTH); gsub(/.*\[[ \t]*"|"$/, "", found); print found
    }'
}

# The endpoint answers from the start, but not always with the network already attached.
task_address() {
  command -v curl >/dev/null 2>&1 || command -v wget >/dev/null 2>&1 ||
    fail "neither curl nor wget is installed; one is needed to ask ECS for the task's address"
  left=10
  while [ "$left" -gt 0 ]; do
    address=$(fetch "$ECS_CONTAINER_METADATA_URI_V4" | first_address)
    if [ -n "$address" ]; then
      printf '%s' "$address"
      return
    fi
    left=$((left - 1))
    sleep 1
  done
  fail "ECS did not answer this task's address within 10 attempts at $ECS_CONTAINER_METADATA_URI_V4"
}

# Standard input as a Java regular expression that matches just this text: every character as \uHHHH, so that
# no value can mean anything to the pattern, to log4j2 or to this shell. Input is UTF-8.
literal() {
  od -An -v -tu1 | awk '
    function unit(code) { printf "\\u%04X", code }
    { for (i = 1; i <= NF; i++) {
        byte = $i + 0
        if (byte < 128) { unit(byte); continue }
        if (byte >= 240) { point = byte - 240; more = 3 }
        else if (byte >= 224) { point = byte - 224; more = 2 }
        else if (byte >= 192) { point = byte - 192; more = 1 }
        else {
          point = point * 64 + byte - 128
          if (--more == 0) {
            if (point < 65536) unit(point)
            else { point -= 65536; unit(55296 + int(point / 1024)); unit(56320 + point % 1024) }
          }
        }
      }
    }'
}

# JAAS options stand in double quotes, with a backslash before a quote or a backslash.
jaas_quoted() {
  printf '%s' "$1" | sed 's/[\\"]/\\&/g'
}

mask=
hide() {
  [ -n "$1" ] && [ "$1" != unused ] || return 0
  mask="$mask${mask:+|}${2:-}$(printf '%s' "$1" | literal)${3:-}"
}

# The longest first, since the first alternative that fits is taken. A user's name counts only as a whole
# word: one called `wms` must not blot out every topic.
log_mask() {
  hide "$DATABASE_PASSWORD"
  hide "$KAFKA_PASSWORD"
  hide "$(jaas_quoted "$KAFKA_PASSWORD")"
  hide "$KAFKA_BOOTSTRAP_SERVERS"
  brokers=$(printf '%s' "$KAFKA_BOOTSTRAP_SERVERS" | tr , ' ')
  for broker in $brokers; do hide "$broker"; done
  # Not as the beginning of a longer address: 10.0.0.1 is not 10.0.0.12.
  for broker in $brokers; do hide "${broker%:*}" '' '(?![0-9])'; done
  hide "$DATABASE_USER" '(?<![\w.-])' '(?![\w.-])'
  hide "$KAFKA_USERNAME" '(?<![\w.-])' '(?![\w.-])'
  printf '%s' "$mask"
}

# Java's own certificates, in which Amazon's authorities are, or those of the brokers' private authority.
trust_store() {
  if [ "$KAFKA_CERTIFICATE_AUTHORITY" = unused ]; then
    java_home=${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")}
    KAFKA_TRUSTSTORE_TYPE=JKS
    KAFKA_TRUSTSTORE_LOCATION=$java_home/lib/security/cacerts
  else
    KAFKA_TRUSTSTORE_TYPE=PEM
    KAFKA_TRUSTSTORE_LOCATION=$CONNECT_TMP/kafka-authority.pem
    printf '%s\n' "$KAFKA_CERTIFICATE_AUTHORITY" >"$KAFKA_TRUSTSTORE_LOCATION"
  fi
  export KAFKA_TRUSTSTORE_TYPE KAFKA_TRUSTSTORE_LOCATION
}

require CONNECT_GROUP_ID CONNECT_CONFIG_TOPIC CONNECT_OFFSETS_TOPIC CONNECT_STATUS_TOPIC \
  KAFKA_BOOTSTRAP_SERVERS KAFKA_SECURITY_PROTOCOL KAFKA_SASL_MECHANISM KAFKA_SASL_LOGIN_MODULE \
  KAFKA_SASL_CALLBACK_HANDLER KAFKA_USERNAME KAFKA_PASSWORD KAFKA_CERTIFICATE_AUTHORITY \
  DATABASE_USER DATABASE_PASSWORD \
  ECS_CONTAINER_METADATA_URI_V4

CONNECT_HOME=${CONNECT_HOME:-$(dirname "$0")/..}
CONNECT_TMP=${CONNECT_TMP:-/tmp}
cd "$CONNECT_HOME" || fail "CONNECT_HOME, $CONNECT_HOME, is not a directory"
[ -w "$CONNECT_TMP" ] || fail "CONNECT_TMP, $CONNECT_TMP, is not a directory that can be written to"

trust_store
TASK_ADDRESS=$(task_address)
CONNECT_LOG_MASK=$(log_mask)
export TASK_ADDRESS CONNECT_LOG_MASK

# Both places that use these two put them between JAAS quotes.
KAFKA_USERNAME=$(jaas_quoted "$KAFKA_USERNAME")
KAFKA_PASSWORD=$(jaas_quoted "$KAFKA_PASSWORD")
export KAFKA_USERNAME KAFKA_PASSWORD

# For bin/healthcheck.sh, which runs beside this process and not below it.
printf '%s\n' "$TASK_ADDRESS" >"$CONNECT_TMP/task-address"

set -- agent/*.jar
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" \
  -XX:MaxRAMPercentage=70 \
  -XX:+UseG1GC \
  -XX:+ExitOnOutOfMemoryError \
  -XX:-UsePerfData \
  -Djava.io.tmpdir="$CONNECT_TMP" \
  -Djava.awt.headless=true \
  -Dlog4j2.configurationFile=conf/log4j2.xml \
  -Dlog4j2.disableJmx=true \
  -javaagent:"$1=$TASK_ADDRESS:9404:conf/jmx-exporter.yml" \
  -cp 'libs/*' \
  org.apache.kafka.connect.cli.ConnectDistributed conf/worker.properties
