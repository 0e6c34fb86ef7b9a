package porting

import (
	"os"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func epollOfUnix(fd int, handle func(fd int32)) error {
	// begin
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(epfd)
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
	if err := unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
		return err
	}
	events := make([]unix.EpollEvent, 64)
	n, err := unix.EpollWait(epfd, events, 500)
	if err != nil {
		return err
	}
	for _, event := range events[:n] {
		handle(event.Fd)
	}
	// end
	return nil
}

func dataOfUnix(epfd, fd int, datum uint64, events []unix.EpollEvent) (uint64, error) {
	// begin
	event := unix.EpollEvent{Events: unix.EPOLLIN}
	*(*uint64)(unsafe.Pointer(&event.Fd)) = datum
	if err := unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
		return 0, err
	}
	if _, err := unix.EpollWait(epfd, events, -1); err != nil {
		return 0, err
	}
	datum = *(*uint64)(unsafe.Pointer(&events[0].Fd))
	// end
	return datum, nil
}

func stopLoopOfUnix(epfd, stopFD int, events []unix.EpollEvent) error {
	for {
		// begin
		n, err := unix.EpollWait(epfd, events, -1)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		for _, event := range events[:n] {
			if event.Fd == int32(stopFD) {
				return nil
			}
		}
		// end
	}
}

func newEpoll(t *testing.T) int {
	t.Helper()
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(epfd) })
	return epfd
}

func TestEpollOfUnixReportsReadyDescriptor(t *testing.T) {
	t.Parallel()
	wantHandled(t, epollOfUnix)
}

func TestEpollOfUnixKeeps64Bits(t *testing.T) {
	t.Parallel()
	got, err := dataOfUnix(newEpoll(t), descriptorOf(readyConn(t)), datum, make([]unix.EpollEvent, 1))
	if err != nil || got != datum {
		t.Errorf("dataOfUnix = %#x, %v, want %#x", got, err, uint64(datum))
	}
}

func TestPipeEndsLoopOfUnix(t *testing.T) {
	t.Parallel()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	epfd, stopFD := newEpoll(t), descriptorOf(reader)
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(stopFD)}
	if err := unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, stopFD, &event); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(10*time.Millisecond, func() { _ = writer.Close() })
	if err := stopLoopOfUnix(epfd, stopFD, make([]unix.EpollEvent, 1)); err != nil {
		t.Error("stopLoopOfUnix:", err)
	}
}
