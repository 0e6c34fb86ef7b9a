//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue_test

import (
	"errors"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"

	"iomux/kqueue"
)

// TestFiltersAreRefusedAsDocumented compares the refused filters with docs/emulations.md.
func TestFiltersAreRefusedAsDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/emulations.md")
	if err != nil {
		t.Skip("the source of the module is not here:", err)
	}
	column := map[string]int{"linux": 2, "freebsd": 3, "netbsd": 4, "dragonfly": 5, "darwin": 6, "openbsd": 7}[runtime.GOOS]
	if column == 0 {
		t.Skip(runtime.GOOS, "has no column")
	}
	cells := make(map[string]string)
	for line := range strings.Lines(string(text)) {
		if row := strings.Split(line, "|"); len(row) == 9 {
			cells[strings.TrimSpace(row[1])] = strings.TrimSpace(row[column])
		}
	}
	needs(t, watchExit(uint64(os.Getpid())))
	queue := newQueue(t)
	for _, filter := range allFilters {
		// No descriptor or process has this number.
		change := kqueue.Event{Ident: math.MaxInt32, Filter: filter, Flags: kqueue.EvAdd}
		_, err := queue.Control([]kqueue.Event{change}, nil, 0)
		cell := cells[filter.String()]
		if cell == "" || errors.Is(err, errors.ErrUnsupported) != (cell == "refused") {
			t.Errorf("%v: Control returns %v, and the document has %q", filter, err, cell)
		}
	}
}
