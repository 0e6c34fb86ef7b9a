//go:build unix

package measure

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/test/leak"
)

// TestRefusedDescriptorsAreSkipped checks that sizes are skipped if the system refuses descriptors
// below the limit.
func TestRefusedDescriptorsAreSkipped(t *testing.T) {
	if leak.FewDescriptors() {
		t.Skip("this process may have fewer than 1024 descriptors")
	}
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	lower := before
	set(&lower.Cur, 400)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &lower); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
			t.Error(err)
		}
	}()
	r := new(Result)
	all, err := r.fit(Plan{Descriptors: []int{10, 1000}}, 5000)
	defer all.close()
	if err != nil || len(r.Descriptors) != 1 || len(r.LeftOut) != 1 || !strings.Contains(r.LeftOut[0], "too many open files") {
		t.Fatalf("%v, took %v, left out: %q", err, r.Descriptors, r.LeftOut)
	}
	for _, m := range available(t) {
		w, err := m.open(all.reads)
		if err != nil {
			t.Errorf("%s: %v", m.Name, err)
			continue
		}
		if err := warm(all, w); err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
		if err := w.close(); err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
	}
}
