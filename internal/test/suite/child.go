//go:build unix || windows

package suite

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"
)

// partName is the environment variable that holds the part of a child process.
const partName = "IOMUX_TEST_PART"

// Part returns the part that Child gave to this process. It is empty in the process that runs all
// tests.
func Part() string { return os.Getenv(partName) }

// Child runs the calling test again in a child process whose Part is part. It returns the output of
// the process, and an error if the process failed.
func Child(t testing.TB, part string) (output string, err error) {
	t.Helper()
	return again(t, part, detach)
}

// Itself returns a command that starts this test binary with other arguments, using the emulator if
// there is one.
func Itself(ctx context.Context, args ...string) *exec.Cmd {
	if emulator := Emulator(); emulator != "" {
		return exec.CommandContext(ctx, emulator, append([]string{os.Args[0]}, args...)...)
	}
	return exec.CommandContext(ctx, os.Args[0], args...)
}

// again is Child for a process that prepare configures.
func again(t testing.TB, part string, prepare func(*exec.Cmd), flags ...string) (output string, err error) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*soon)
	defer cancel()
	child := Itself(ctx, append([]string{"-test.run=^" + t.Name() + "$", "-test.timeout=" + soon.String()}, flags...)...)
	child.Env = append(os.Environ(), partName+"="+part)
	child.WaitDelay = time.Second
	prepare(child)
	text, err := child.CombinedOutput()
	return string(text), err
}
