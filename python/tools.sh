#!/bin/sh
# Installs missing tools to build and test the module. It installs Debian's interpreter only.
# Another interpreter must have its headers and tests already.
set -eu

python=${PYTHON:-/usr/bin/python3}

has_all() {
	command -v gcc strip >/dev/null &&
		"$python" -c '
import os, sysconfig
assert os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))
import test.test_epoll, venv' 2>/dev/null
}

has_all && exit 0
if [ "$python" != /usr/bin/python3 ]; then
	echo "$python has no headers or no tests, or the C compiler is missing: install them" >&2
	exit 1
fi
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq </dev/null
$as_root apt-get install -y -qq --no-install-recommends gcc binutils libc6-dev python3 python3-dev </dev/null >&2
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
$as_root apt-get install -y -qq --no-install-recommends "libpython$version-testsuite" </dev/null >&2
has_all || { echo "headers or tests of $python, or the C compiler, are still missing after apt-get install" >&2; exit 1; }
