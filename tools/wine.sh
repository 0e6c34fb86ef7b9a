#!/bin/sh
# Runs COMMAND where it can start programs for Windows by `wine`: with a prefix of their own in dist/.wine, and a server that
# runs already and ends with COMMAND.
#
#	tools/wine.sh COMMAND ARGUMENT…
#
# Everything that Wine does has a limit, because a program whose server has died waits for ever.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# The folder is hidden from linters, which would follow its drive z: through the whole machine.
export WINEPREFIX="$root/dist/.wine" WINEARCH=win64 WINEDEBUG=-all
# No Mono, no browser, no entries in the menus of the desktop.
export WINEDLLOVERRIDES="mscoree,mshtml=;winemenubuilder.exe=d"
unset DISPLAY WAYLAND_DISPLAY

quietly() { # LIMIT COMMAND ARGUMENT…
	output=$(mktemp)
	# Not into a pipe: the processes that Wine starts would keep it open.
	if ! timeout -k 10 "$@" >"$output" 2>&1 </dev/null; then
		cat "$output" >&2
		rm "$output"
		shift
		echo "wine: it failed, or took too long: $*" >&2
		exit 1
	fi
	rm "$output"
}

# A prefix is a Windows of its own, as another version of Wine would not have made it. The server is told to stay, or it would end
# with the first program, and then with each.
version=$(wine --version)
if [ "$(cat "$WINEPREFIX/made-by" 2>/dev/null)" != "$version" ]; then
	rm -rf "$WINEPREFIX"
	mkdir -p "$WINEPREFIX"
	trap 'timeout 30 wineserver -k || true' EXIT
	quietly 120 wineboot --init
	# Wine 8 has no such DLL, and no program that was made by Go starts without it.
	library="$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll"
	[ -e "$library" ] || "$root/bin/forward" "$library" ProcessPrng=advapi32.SystemFunction036
	quietly 60 wineserver -w
	echo "$version" >"$WINEPREFIX/made-by"
fi
trap 'timeout 30 wineserver -k || true' EXIT
quietly 20 wineserver -p
quietly 60 wine cmd /c exit
"$@"
