#!/bin/sh
# Installs what `make check` needs and this machine lacks. Where everything is there it does nothing, and needs no network.
#
#	tools/setup.sh [COMMAND PACKAGE]	which is needed, too
set -eu

if ! command -v go >/dev/null; then
	echo "setup: there is no go command: install Go 1.26 or later from https://go.dev/dl/ and put its bin folder on PATH" >&2
	exit 1
fi

missing=
need() { # COMMAND PACKAGE
	command -v "$1" >/dev/null || missing="$missing $2"
}
need git git
need shellcheck shellcheck
need qemu-aarch64 qemu-user
need qemu-s390x qemu-user
need wine wine
[ $# = 0 ] || need "$1" "$2"
# The race detector links with the C library.
need gcc gcc
echo '#include <stdlib.h>' | gcc -E -o /dev/null - 2>/dev/null || missing="$missing libc6-dev"
# Without root certificates the module proxy cannot be spoken to.
[ -e /etc/ssl/certs/ca-certificates.crt ] || [ ! -e /etc/debian_version ] || missing="$missing ca-certificates"
[ -n "$missing" ] || exit 0

# shellcheck disable=SC2086 # a list of names
missing=$(printf '%s\n' $missing | sort -u | tr '\n' ' ')
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
	echo "setup: install these first, under the names that your system has for Debian's packages: $missing" >&2
	exit 1
fi
echo "setup: installing $missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq </dev/null
# shellcheck disable=SC2086 # a list of names
apt-get install -qq -y --no-install-recommends $missing </dev/null >/dev/null
