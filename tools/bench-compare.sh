#!/bin/sh
# Compares the Go benchmarks of the root module between a revision and the current code with
# benchstat. The two take turns.
#
#	tools/bench-compare.sh REVISION [COUNT [EXPRESSION]]
#
# COUNT is the number of runs of each benchmark, 6 by default. EXPRESSION selects benchmarks, by
# default all of them.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || { echo "usage: tools/bench-compare.sh REVISION [COUNT [EXPRESSION]]" >&2; exit 2; }
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

run() { # SIDE
	for binary in "$folder/$1-tests"/*; do
		(cd "$folder" && "$binary" -test.run='^$' -test.bench="$expression" -test.benchtime=30ms -test.benchmem -test.timeout=5m) \
			>>"$folder/$1.txt" || echo "bench-compare: $1: ${binary##*/} failed" >&2
	done
}
round=0
while [ "$round" -lt "$count" ]; do
	round=$((round + 1))
	echo "bench-compare: round $round of $count" >&2
	if [ $((round % 2)) = 0 ]; then
		run base
		run now
	else
		run now
		run base
	fi
done
bin/benchstat "base=$folder/base.txt" "now=$folder/now.txt"
