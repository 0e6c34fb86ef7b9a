package pathwatch

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Unmounting a file system removes its files. Mounting one is not reported, as the package comment
// states.
func TestUnmount(t *testing.T) {
	if !inNamespaces(t, syscall.CLONE_NEWUSER|syscall.CLONE_NEWNS) {
		return
	}
	directory := filepath.Join(t.TempDir(), "directory")
	must(t, os.Mkdir(directory, 0o700))
	must(t, unix.Mount("none", directory, "tmpfs", 0, ""))
	w, err := New(nil)
	must(t, err)
	defer func() { must(t, w.Close()) }()
	name := filepath.Join(directory, "file")
	write(t, name, "")
	p := add(t, w, name)
	must(t, unix.Unmount(directory, 0)) // a watch does not prevent it
	expect(t, w, p, Deleted, 0)
	write(t, name, "")
	expect(t, w, p, Created, 0)
}
