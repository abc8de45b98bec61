#!/bin/sh
# The flags are tested with the OpenFeature clients of Node.js. Use the Node there is; else install the system's, where we
# may; else say what is missing. With a folder, put the clients there: what the lock names, never beside the source.
set -eu

found() {
    command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1
}

if ! found && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Node.js for the tests of the flags' clients"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nodejs npm >/dev/null
fi
if ! found; then
    echo "The tests read flags with the OpenFeature clients of Node.js, and there is no node with npm on this machine." >&2
    echo "Install them (Debian, Ubuntu: apt install nodejs npm; version 20 or later)." >&2
    exit 1
fi
[ "$#" = 0 ] && exit 0
cp "$(dirname "$0")"/flags/js/* "$1"
cd "$1"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
