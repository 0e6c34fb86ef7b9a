//go:build unix

package pathwatch

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const separators = "/"

// absolute returns the absolute path. It does not shorten the path, because a/.. is not always the
// current directory.
func absolute(name string) (string, error) {
	switch {
	case name == "":
		return "", fmt.Errorf("watch %q: the name is empty: %w", name, syscall.ENOENT)
	case strings.IndexByte(name, 0) >= 0:
		return "", fmt.Errorf("watch %q: the name holds a zero byte: %w", name, syscall.EINVAL)
	case name[0] == '/':
		return name, nil
	}
	// os.Getwd may return a path with symbolic links, which may change later.
	current, err := unix.Getwd()
	if err != nil {
		return "", os.NewSyscallError("getcwd", err)
	}
	return current + "/" + name, nil
}

// watched is the state of a watched file.
type watched struct {
	number int    // of the watch of inotify, or the descriptor of the file
	path   string // where it was last found
	status fileStatus
}

// mayBeAnother reports whether the node may now be another file. Its file is not held open, and the
// kernel reuses the numbers of removed files.
func (n *node) mayBeAnother() bool { return n.number < 0 }

// fileStatus is a part of struct stat.
type fileStatus struct {
	dev, ino    uint64
	size, links int64
	mode        uint32
	changed     int64 // the time of the last change; only of files that are not held open
}

func statusOf(stat *unix.Stat_t) fileStatus {
	return fileStatus{dev: uint64(stat.Dev), ino: stat.Ino, size: stat.Size, links: int64(stat.Nlink), mode: uint32(stat.Mode)}
}

func lstat(path string) (fileStatus, error) {
	var stat unix.Stat_t
	err := unix.Lstat(path, &stat)
	return statusOf(&stat), err
}

// fold returns the entry unchanged, because case matters.
func fold(entry string) string { return entry }

// descriptors are the open descriptors of a kernel. A cleanup must not refer to the kernel itself,
// which refers to the paths and their owners: it would never run.
type descriptors map[int]struct{}

func (d descriptors) close() {
	for fd := range d {
		_ = unix.Close(fd) // nobody can receive the error
	}
}
