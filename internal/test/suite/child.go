//go:build unix || windows

package suite

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"
)

// partName is the variable of the environment that tells a process which part of its test it plays.
const partName = "IOMUX_TEST_PART"

// Part is what Child gave this process to do, empty in the process that runs all tests.
func Part() string { return os.Getenv(partName) }

// Child runs the calling test once more, in a process of its own where Part is part. It returns
// what the process printed, and an error where it failed.
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

// again is Child of a process that is made as prepare wants it.
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
