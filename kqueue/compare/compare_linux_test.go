package compare

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestOurs compares package kqueue with the expected results.
func TestOurs(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("no /proc:", err)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := c.scene(t)
			p := &play{t: t, scene: s, queue: newOurs(t, s.ident)}
			if c.run(p); !slices.Equal(p.seen, c.want) {
				t.Errorf("reported was\n%s\nwant\n%s", strings.Join(p.seen, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// TestLibkqueue runs each case in libkqueue and logs the differences.
func TestLibkqueue(t *testing.T) {
	driver := build(t)
	differences := 0
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := c.scene(t)
			p := &play{t: t, scene: s, queue: newTheirs(t, driver, s.ident, s.isDescriptor)}
			if c.run(p); !slices.Equal(p.seen, c.want) {
				differences++
				t.Logf("libkqueue reports\n\t%s\nand package kqueue\n\t%s", strings.Join(p.seen, "\n\t"), strings.Join(c.want, "\n\t"))
			}
		})
	}
	t.Logf("%d of %d cases differ", differences, len(cases))
	if differences == len(cases) {
		t.Error("no case is alike: the driver does not work")
	}
}

const source = "testdata/driver.c"

// compile runs the C compiler over the driver.
func compile(t *testing.T, args ...string) {
	t.Helper()
	args = append([]string{"-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", source}, args...)
	if out, err := exec.CommandContext(t.Context(), "cc", args...).CombinedOutput(); err != nil {
		t.Fatalf("cc %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// build makes the driver with the libkqueue of this system.
func build(t *testing.T) (driver string) {
	t.Helper()
	needCompiler(t)
	out, err := exec.CommandContext(t.Context(), "pkg-config", "--cflags", "--libs", "libkqueue").Output()
	if err != nil {
		t.Skip("pkg-config knows no libkqueue:", err)
	}
	options := strings.Fields(string(out))
	libraries, err := exec.CommandContext(t.Context(), "pkg-config", "--variable=libdir", "libkqueue").Output()
	if err == nil {
		options = append(options, "-Wl,-rpath,"+strings.TrimSpace(string(libraries)))
	}
	driver = filepath.Join(t.TempDir(), "driver")
	compile(t, append([]string{"-o", driver}, options...)...)
	return driver
}

// TestDriverCompiles checks the driver's syntax without libkqueue.
func TestDriverCompiles(t *testing.T) {
	needCompiler(t)
	compile(t, "-fsyntax-only", "-Itestdata/include")
}

func needCompiler(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skip("there is no C compiler:", err)
	}
	if _, err := os.Stat(source); errors.Is(err, os.ErrNotExist) {
		t.Skip("the test runs without its folder")
	}
}
