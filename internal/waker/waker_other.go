//go:build !unix && !windows

package waker

import (
	"errors"
	"syscall"
)

const isPipe = false

const errWouldBlock = syscall.EAGAIN

// open returns errors.ErrUnsupported, because this system cannot wait on descriptors.
func open() (reader, writer int, err error) { return -1, -1, errors.ErrUnsupported }

func send(int) syscall.Errno { return syscall.ENOSYS }

func receive(int) syscall.Errno { return syscall.ENOSYS }

func closeFD(int) error { return errors.ErrUnsupported }
