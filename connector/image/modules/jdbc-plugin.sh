#!/bin/sh
# Adds Confluent's JDBC source connector to the assembled directory, called by the Dockerfile:
#   jdbc-plugin.sh URL SHA256
# An empty URL adds nothing. The zip's drivers for Oracle are replaced by the one that Debezium's plugin has: two
# releases in one class loader would be one too many, and a plugin sees its own jars only.
set -eu

url=$1 sha256=$2
plugins=target/connect/plugins place=target/connect/plugins/confluent-jdbc

if [ -z "$url" ]; then exit 0; fi

case $url in https://*) ;; *) echo "JDBC_PLUGIN_URL must begin with https://, not be '$url'" >&2; exit 1 ;; esac
echo "adding the JDBC plugin: it is under the Confluent Community License 1.0, not under this project's licence"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
curl -fsSL --proto '=https' --proto-redir '=https' -o "$scratch/plugin.zip" "$url"
if ! echo "$sha256  $scratch/plugin.zip" | sha256sum -c - >/dev/null 2>&1; then
  echo "the zip at JDBC_PLUGIN_URL has the SHA-256 $(sha256sum "$scratch/plugin.zip" | cut -d ' ' -f 1)," \
    "not JDBC_PLUGIN_SHA256 ('$sha256'); nothing was added" >&2
  exit 1
fi

# The JDK's own tool: the image that assembles need not have unzip.
mkdir "$scratch/unpacked"
(cd "$scratch/unpacked" && jar xf ../plugin.zip)
rm -rf "$place"
mkdir -p "$place"
# <owner>-<name>-<version>/lib has the jars; the licences are beside it.
for part in lib doc; do
  find "$scratch/unpacked" -mindepth 2 -maxdepth 2 -type d -name "$part" -exec cp -R {} "$place/" \;
done
if [ -z "$(find "$place" -name 'kafka-connect-jdbc-*.jar')" ]; then
  echo "the zip at JDBC_PLUGIN_URL has no lib/kafka-connect-jdbc-*.jar: it is another plugin" >&2
  exit 1
fi
find "$place" \( -name 'ojdbc*.jar' -o -name 'orai18n*.jar' -o -name 'xdb*.jar' -o -name 'xmlparserv2*.jar' \) -delete
cp "$plugins"/debezium-connector-oracle/ojdbc*.jar "$place/lib/"
