//go:build unix || windows

package leak_test

import (
	"os"
	"strings"
	"testing"

	"iomux/internal/fdref"
	"iomux/internal/test/leak"
	"iomux/internal/test/suite"
)

func TestMain(m *testing.M) { leak.Main(m) }

// faults are what a test may leave behind, with what is said of it: among other things the function that did it.
var faults = map[string]struct {
	commit func(*testing.T)
	words  []string
}{
	"nothing":    {func(*testing.T) {}, nil},
	"descriptor": {leaveDescriptor, []string{"was left open", "leaveDescriptor"}},
	"stranger":   {leaveStranger, []string{"was left open", "not by this project"}},
	"goroutine":  {leaveGoroutine, []string{"unexpected goroutines", "leaveGoroutine"}},
}

func TestWhatIsLeftBehindIsAFault(t *testing.T) {
	if part := suite.Part(); part != "" {
		faults[part].commit(t)
		return
	}
	for name, fault := range faults {
		output, err := suite.Child(t, name)
		if failed := err != nil; failed != (fault.words != nil) {
			t.Errorf("%s left behind: the process ends with %v:\n%s", name, err, output)
		}
		for _, words := range fault.words {
			if !strings.Contains(output, words) {
				t.Errorf("%s left behind: %q is missing in:\n%s", name, words, output)
			}
		}
	}
}

// files are left open: a file that nobody holds would be closed as garbage.
var files []*os.File

func leaveStranger(t *testing.T) {
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, file)
}

func leaveDescriptor(t *testing.T) {
	leaveStranger(t)
	new(fdref.Descriptor).Set(int(files[0].Fd()), func(int) error { return nil })
}

func leaveGoroutine(*testing.T) {
	go func() { select {} }()
}
