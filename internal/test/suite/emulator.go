//go:build unix || windows

package suite

import "os"

// Emulator is the program that runs the tests of another processor, empty where they run by
// themselves. Some of what a kernel can do is lost on the way: tests of it are skipped, by this
// name.
func Emulator() string { return os.Getenv("IOMUX_TEST_EXEC") }
