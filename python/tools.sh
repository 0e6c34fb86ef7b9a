#!/bin/sh
# Installs missing tools to build and test the module, if the user is root on Debian. It installs
# Debian's interpreter only. Another interpreter must have its headers and tests already.
set -eu

python=${PYTHON:-/usr/bin/python3}

has_all() {
	command -v gcc >/dev/null && command -v strip >/dev/null &&
		"$python" -c '
import os, sysconfig
assert os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h"))
import test.test_epoll, venv' 2>/dev/null
}

has_all && exit 0
if [ "$python" != /usr/bin/python3 ]; then
	echo "python: $python has no headers or no tests, or the C compiler is missing: install them" >&2
	exit 1
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
	echo "python: only root on Debian can install packages: install Python 3.11 or later, its headers and its tests, gcc and binutils" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq </dev/null
apt-get install -y -qq --no-install-recommends gcc binutils libc6-dev python3 python3-dev </dev/null >/dev/null
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
apt-get install -y -qq --no-install-recommends "libpython$version-testsuite" </dev/null >/dev/null
has_all || { echo "python: headers or tests of $python, or the C compiler, are still missing after apt-get install" >&2; exit 1; }
