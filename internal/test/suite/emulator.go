//go:build unix || windows

package suite

import "os"

// Emulator returns the program that runs test binaries of another processor, or "" if they run
// natively. Emulators lack some features of the kernel. Tests of these are skipped with the
// emulator's name.
func Emulator() string { return os.Getenv("IOMUX_TEST_EXEC") }
