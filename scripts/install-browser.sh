#!/usr/bin/env bash
# Makes Chromium available to the tests of the pages and to the screenshots, where it can be installed.
set -euo pipefail
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null; then
    echo "found $(command -v "$name")"
    exit 0
  fi
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  retries='Acquire::Retries=3' # Of its own accord only newer ones try again.
  apt-get -o "$retries" update -qq
  DEBIAN_FRONTEND=noninteractive apt-get -o "$retries" install -y -qq --no-install-recommends chromium >/dev/null
  echo "installed $(command -v chromium)"
  exit 0
fi
echo 'Chromium was not found: install it with your package manager (for example `apt-get install chromium`).' >&2
exit 1
