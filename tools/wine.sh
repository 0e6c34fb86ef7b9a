#!/bin/sh
# Runs COMMAND with an environment in which `wine` starts Windows programs. They use a prefix of
# their own, dist/.wine, and a server that ends with COMMAND.
#
#	tools/wine.sh COMMAND ARGUMENT…
#
# Windows programs wait forever if their server has died, so this script limits their time. COMMAND
# must limit the time of those that it starts.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
# Linters would follow drive z: of the prefix through the whole file system, but they skip hidden
# folders.
export WINEPREFIX="$root/dist/.wine" WINEARCH=win64 WINEDEBUG=-all
# Wine finds no files whose names have other letters than those of the locale.
export LC_ALL=C.UTF-8
# Wine installs no Mono, no browser, and no entries in desktop menus.
export WINEDLLOVERRIDES="mscoree,mshtml=;winemenubuilder.exe=d"
unset DISPLAY WAYLAND_DISPLAY

quietly() { # LIMIT COMMAND ARGUMENT…
	output=$(mktemp)
	# The output goes to a file, because processes that Wine leaves behind keep a pipe open.
	if ! timeout -k 10 "$@" >"$output" 2>&1 </dev/null; then
		cat "$output" >&2
		rm "$output"
		shift
		echo "wine: failed or took too long: $*" >&2
		exit 1
	fi
	rm "$output"
}

end_server() {
	timeout 30 wineserver -k >/dev/null 2>&1 || true
}

mkdir -p "$WINEPREFIX"
end_server # an interrupted run may have left one
trap end_server EXIT
trap 'exit 1' HUP INT TERM

# Another version of Wine needs a new prefix.
version=$(wine --version)
if [ "$(cat "$WINEPREFIX/made-by" 2>/dev/null)" != "$version" ]; then
	rm -rf "$WINEPREFIX"
	mkdir -p "$WINEPREFIX"
	quietly 240 wineboot --init
	# Wine 8 lacks this DLL, and Go programs do not start without it.
	library="$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll"
	[ -e "$library" ] || "$root/bin/forward" "$library" ProcessPrng=advapi32.SystemFunction036
	quietly 120 wineserver -w
	echo "$version" >"$WINEPREFIX/made-by"
fi
# A server without -p ends with each program, and the next program has to start it again.
quietly 60 wineserver -p
quietly 120 wine cmd /c exit
"$@"
