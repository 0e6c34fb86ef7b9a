package waker

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/internal/fdref"
)

// ends is one: an eventfd is rung where it is waited on.
type ends struct{ reader fdref.Descriptor }

// New makes a bell of an eventfd.
func New() (*Waker, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	b := new(Waker)
	b.reader.Set(fd, closeFD)
	return b, nil
}

// Close closes the waker as soon as nobody uses it any more, and makes it readable until then.
func (b *Waker) Close() error { return b.reader.Close(write) }

func (b *Waker) ring() {
	if fd, err := b.reader.Acquire(); err == nil {
		write(fd)
		b.reader.Done()
	}
}

func (b *Waker) drain() {
	if fd, err := b.reader.Acquire(); err == nil {
		var count [8]byte
		// The eventfd does not block: EAGAIN says that it was not rung.
		_, _, _ = unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&count)), uintptr(len(count)))
		b.reader.Done()
	}
}

// write adds one. It could fail only after 2^64 times.
func write(fd int) {
	one := uint64(1)
	_, _, _ = unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&one)), unsafe.Sizeof(one))
}

func closeFD(fd int) error { return os.NewSyscallError("close", unix.Close(fd)) }
