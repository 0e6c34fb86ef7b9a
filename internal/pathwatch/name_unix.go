//go:build unix

package pathwatch

import (
	"io/fs"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const separators = "/"

// absolute returns the name from the root on. It removes nothing from it: a/.. is not always the
// current folder.
func absolute(name string) (string, error) {
	switch {
	case name == "":
		return "", &fs.PathError{Op: "watch", Path: name, Err: syscall.ENOENT}
	case strings.IndexByte(name, 0) >= 0:
		return "", &fs.PathError{Op: "watch", Path: name, Err: syscall.EINVAL}
	case name[0] == '/':
		return name, nil
	}
	// os.Getwd would return a name with symbolic links, which may lead elsewhere later.
	current, err := unix.Getwd()
	if err != nil {
		return "", os.NewSyscallError("getcwd", err)
	}
	return current + "/" + name, nil
}

// watched is what the kernel needs to know of a file.
type watched struct {
	number int    // of the watch of inotify, or the descriptor of the file
	path   string // where it was found last
	about  status
}

// mayBeAnother reports whether the node may stand for another file than before, because its file is
// not held open, and the kernel reuses the numbers of removed files.
func (n *node) mayBeAnother() bool { return n.number < 0 }

// status is a part of struct stat.
type status struct {
	dev, ino    uint64
	size, links int64
	mode        uint32
	changed     int64 // the time of the last change, of files that are not held open
}

func statusOf(stat *unix.Stat_t) status {
	return status{dev: uint64(stat.Dev), ino: stat.Ino, size: stat.Size, links: int64(stat.Nlink), mode: uint32(stat.Mode)}
}

func lstat(path string) (status, error) {
	var stat unix.Stat_t
	err := unix.Lstat(path, &stat)
	return statusOf(&stat), err
}

// fold returns the entry as all of its spellings are listed.
func fold(entry string) string { return entry }

// descriptors are the open descriptors of a kernel. The kernel itself reaches the paths, and so all
// that their owner reaches: a cleanup that held it would never run.
type descriptors map[int]struct{}

func (d descriptors) close() {
	for fd := range d {
		_ = unix.Close(fd) // nobody takes the error
	}
}
