#!/bin/sh
# Installs the packages that make check needs, if the user is root on Debian. It fails only if there
# is no Go: make check leaves out the steps that this machine cannot run.
#
#	tools/setup.sh [COMMAND PACKAGE]	also installs PACKAGE if there is no COMMAND
set -eu

if ! command -v go >/dev/null; then
	echo "setup: there is no go command: install Go 1.26 or later from https://go.dev/dl/ and add its bin folder to PATH" >&2
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
# The module proxy cannot be reached without root certificates.
[ -e /etc/ssl/certs/ca-certificates.crt ] || [ ! -e /etc/debian_version ] || missing="$missing ca-certificates"

as_root=false
[ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || as_root=true
if [ -n "$missing" ]; then
	# shellcheck disable=SC2086 # a list of names
	missing=$(printf '%s\n' $missing | sort -u | tr '\n' ' ')
	if ! $as_root; then
		echo "setup: only root on Debian can install packages; these are missing: $missing" >&2
		exit 0
	fi
	echo "setup: installing $missing"
	export DEBIAN_FRONTEND=noninteractive
	# shellcheck disable=SC2086 # a list of names
	if ! apt-get update -qq </dev/null || ! apt-get install -qq -y --no-install-recommends $missing </dev/null >/dev/null; then
		echo "setup: apt-get failed; make check leaves out the steps that need these packages" >&2
	fi
fi
! $as_root || "$(dirname "$0")/../python/tools.sh" || echo "setup: make check leaves out the Python module" >&2
