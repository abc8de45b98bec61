#!/bin/sh
# The journeys need a Chromium. Use the one there is; else install the system's, where we may; else say what is missing.
set -eu

found() {
    command -v "${SLIPWAY_CHROMIUM:-chromium}" >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 \
        || command -v google-chrome >/dev/null 2>&1
}

found && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium for the journeys"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
    found && exit 0
fi
echo "The tests walk through the site in a real browser, and there is no Chromium on this machine." >&2
echo "Install it (Debian, Ubuntu: apt install chromium), or name yours: make test SLIPWAY_CHROMIUM=/path/to/chromium" >&2
exit 1
