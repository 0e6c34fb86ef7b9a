#!/bin/sh
# Compares the Go benchmarks of the root module between a revision and the current code with
# benchstat. The two take turns. It prints the rows that differ significantly, and writes all rows
# to dist/bench-compare.txt.
#
#	tools/bench-compare.sh REVISION [COUNT [EXPRESSION]]
#
# COUNT is the number of runs of each benchmark, 6 by default. Fewer than 4 cannot show a
# significant difference. EXPRESSION selects benchmarks, by default all of them.
set -eu
cd "$(dirname "$0")/.."
[ -n "${1:-}" ] || { echo "usage: make bench-compare BASE=REVISION, or tools/bench-compare.sh REVISION [COUNT [EXPRESSION]]" >&2; exit 2; }
revision=$(git rev-parse --verify --quiet "$1^{commit}") || { echo "bench-compare: no revision $1" >&2; exit 2; }
count=${2:-6} expression=${3:-.}

folder=$(mktemp -d)
clean() {
	git worktree remove --force "$folder/base" 2>/dev/null || true
	rm -rf "$folder"
}
trap clean EXIT
trap 'exit 1' HUP INT TERM
git worktree add --quiet --detach "$folder/base" "$revision"

build() { # SIDE ROOT
	mkdir "$folder/$1-tests"
	(cd "$2" && go test -c -o "$folder/$1-tests/" ./... >/dev/null)
}
build base "$folder/base"
build now .

round=0
while [ "$round" -lt "$count" ]; do
	round=$((round + 1))
	echo "bench-compare: round $round of $count" >&2
	reverse=
	[ $((round % 2)) = 0 ] || reverse=-r
	# The two binaries of a package run one after the other, because the speed changes.
	for binary in $(cd "$folder" && printf '%s\n' ./*-tests/*.test | sort -t/ -k3 $reverse); do
		side=${binary#./}
		(cd "$folder" && "$binary" -test.run='^$' -test.bench="$expression" -test.benchtime=30ms -test.benchmem -test.timeout=5m) \
			>>"$folder/${side%%-tests/*}.txt" || echo "bench-compare: $binary failed" >&2
	done
done
mkdir -p dist
GOWORK=off go -C tools tool benchstat "base=$folder/base.txt" "now=$folder/now.txt" >dist/bench-compare.txt
awk '
	/^pkg: / { package = $0 "\n" }
	/ vs base / { unit = $0 "\n" }
	/[+-][0-9.]+% \(p=/ { printf "%s%s%s\n", package, unit, $0; package = unit = ""; differ++ }
	/\(p=/ { rows++ }
	END { printf "bench-compare: %d of %d rows differ; dist/bench-compare.txt has all of them\n", differ, rows }
' dist/bench-compare.txt
