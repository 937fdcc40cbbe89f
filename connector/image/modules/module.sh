#!/bin/sh
# One part of the assembly, called by the poms: module.sh prepare|check|refresh OUTPUT [NEXT], in the part's directory.
#   prepare  empties target/OUTPUT when the poms differ from those that filled it, when it failed its check, and
#            before a refresh (NEXT): Maven itself never removes a jar
#   check    fails unless target/OUTPUT holds exactly the files of the part's checksums.sha256
#   refresh  writes that list anew
# OUTPUT `.` is the root pom's own part: conf/ and bin/ beside the jars. Its `prepare` removes plugins that have no
# part any more.
set -eu

# The order of a glob, and so of the list, is the same everywhere.
export LC_ALL=C

action=$1 output=$2

digest() { if command -v sha256sum >/dev/null 2>&1; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }

if [ "$output" = . ]; then
  if [ "$action" = prepare ]; then
    # Maven does not remove them, and the worker would load them.
    for plugin in target/connect/plugins/*/; do
      part=connect/plugins/$(basename "$plugin")
      if ! grep -qF "<part.output>$part<" modules/*/pom.xml; then
        rm -rf "target/$part" "target/.modules/$part"
      fi
    done
  else
    mkdir -p target/connect
    for own in conf bin; do
      rm -rf "target/connect/$own"
      cp -Rp "$own" "target/connect/$own"
    done
  fi
  exit 0
fi

directory=../../target/$output
# Beside what ships, not in it: the stamp, and the dependency plugin's marks of what it unpacked.
marks=../../target/.modules/$output
stamp=$(cat ../../pom.xml pom.xml | digest | cut -d ' ' -f 1)

if [ "$action" = prepare ]; then
  if [ "${3:-}" = refresh ] || [ "$(cat "$marks/filled-by" 2>/dev/null)" != "$stamp" ]; then
    rm -rf "$directory" "$marks"
    mkdir -p "$directory" "$marks"
    echo "$stamp" >"$marks/filled-by"
  fi
  exit 0
fi

# Every file, the licences too: the list is what the image's tag is made from.
found=$(cd "$directory" && find . -type f | sort | while read -r file; do digest "$file"; done)
case $action in
  refresh) printf '%s\n' "$found" >checksums.sha256 ;;
  check)
    if ! printf '%s\n' "$found" | diff checksums.sha256 - >&2; then
      rm -f "$marks/filled-by"
      # In Maven's form of an error, for whoever looks for the cause in its output.
      echo "[ERROR] target/$output is not what checksums.sha256 lists (< listed, > found)." \
        "The next run fills it anew. After a deliberate change of a version: mvn package -Dchecksums=refresh" >&2
      exit 1
    fi
    ;;
  *)
    echo "checksums is check or refresh, not '$action'" >&2
    exit 2
    ;;
esac
