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

// faults lists what a test may leave behind, and words of the message.
var faults = map[string]struct {
	commit func(*testing.T)
	words  []string
}{
	"nothing":    {func(*testing.T) {}, nil},
	"descriptor": {leaveDescriptor, []string{"left descriptor", "leaveDescriptor"}},
	"stranger":   {leaveStranger, []string{"left descriptor", "neither an object of this module"}},
	"goroutine":  {leaveGoroutine, []string{"left this goroutine", "leaveGoroutine"}},
}

func TestLeaksFailThePackage(t *testing.T) {
	if part := suite.Part(); part != "" {
		faults[part].commit(t)
		return
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			output, err := suite.Child(t, name)
			if failed := err != nil; failed != (fault.words != nil) {
				t.Errorf("the process ended with %v:\n%s", err, output)
			}
			for _, words := range fault.words {
				if !strings.Contains(output, words) {
					t.Errorf("%q is missing in:\n%s", words, output)
				}
			}
		})
	}
}

// files keeps the open files reachable, or the garbage collector would close them.
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
