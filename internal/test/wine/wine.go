// Package wine is for tests that Wine runs in place of Windows: what it does otherwise is skipped,
// by name, or gone around. Whether it does so is found out at run time, for the same binaries run
// on Windows.
package wine

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Skip skips a test under Wine, because Wine deviates from Windows. The deviation is the reason.
func Skip(t testing.TB, deviation string) {
	t.Helper()
	if Running() {
		t.Skip("Wine:", deviation)
	}
}

// Folder makes a folder that is gone at the end of the test.
func Folder(t testing.TB) string {
	t.Helper()
	if !Running() {
		return t.TempDir()
	}
	folder, err := os.MkdirTemp("", "iomux") //nolint:usetesting // t.TempDir is what cannot be removed
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := RemoveAll(folder)
		for end := time.Now().Add(10 * time.Second); err != nil && time.Now().Before(end); err = RemoveAll(folder) {
			time.Sleep(10 * time.Millisecond) // a closing handle keeps the file
		}
		if err != nil {
			t.Error(err)
		}
	})
	return folder
}

// RemoveAll is os.RemoveAll, which Wine 8 lacks a call for.
func RemoveAll(path string) error {
	entries, _ := os.ReadDir(path) // a file has none
	for _, entry := range entries {
		if err := RemoveAll(filepath.Join(path, entry.Name())); err != nil {
			return err
		}
	}
	return os.Remove(path)
}
