#!/bin/sh
# Runs every test binary of FOLDER in an empty folder with an empty environment. The binaries need
# nothing but the kernel.
#
#	tools/alone.sh FOLDER [EMULATOR]
#
# EMULATOR runs binaries for another processor. Tests read its name from IOMUX_TEST_EXEC to start
# themselves again as a child process. -test.short reduces repetitions that only make a fault more
# likely.
set -eu

folder=$(cd "$1" && pwd)
emulator=
[ $# -lt 2 ] || emulator=$(command -v "$2")
status=0
for binary in "$folder"/*.test*; do
	[ -e "$binary" ] || { echo "alone: no test binaries in $folder" >&2; exit 1; }
	empty=$(mktemp -d)
	if output=$(cd "$empty" && env -i ${emulator:+"IOMUX_TEST_EXEC=$emulator"} ${emulator:+"$emulator"} "$binary" -test.short -test.timeout=600s 2>&1); then
		echo "ok    ${binary##*/}"
	else
		printf '%s\nFAIL  %s\n' "$output" "${binary##*/}"
		status=1
	fi
	rmdir "$empty" || { echo "FAIL  ${binary##*/} left files in its folder"; status=1; rm -rf "$empty"; }
done
exit $status
