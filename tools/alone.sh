#!/bin/sh
# Runs every test binary of FOLDER, each in an empty folder and with an empty environment: they need nothing but the kernel.
#
#	tools/alone.sh FOLDER [EMULATOR]
#
# EMULATOR runs binaries for another processor. The tests start themselves again for child processes, and are told of it in
# IOMUX_TEST_EXEC. What only repeats itself to make a fault likelier does so less often (-test.short).
set -eu

folder=$(cd "$1" && pwd)
emulator=
[ $# -lt 2 ] || emulator=$(command -v "$2")
status=0
for binary in "$folder"/*.test*; do
	[ -e "$binary" ] || { echo "alone: there are no test binaries in $folder" >&2; exit 1; }
	empty=$(mktemp -d)
	if output=$(cd "$empty" && env -i ${emulator:+"IOMUX_TEST_EXEC=$emulator"} ${emulator:+"$emulator"} "$binary" -test.short -test.timeout=300s 2>&1); then
		echo "ok    ${binary##*/}"
	else
		printf '%s\nFAIL  %s\n' "$output" "${binary##*/}"
		status=1
	fi
	rmdir "$empty" || { echo "FAIL  ${binary##*/} left files in its folder"; status=1; rm -rf "$empty"; }
done
exit $status
