package epoll_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"iomux/epoll"
	"iomux/internal/test/suite"
)

func TestKernelStoresTheData(t *testing.T) {
	poller := newPoller(t)
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	const data = 0x0123456789abcdef
	must(t, poller.RegisterData(r, epoll.In, data))
	events := make([]unix.EpollEvent, 1)
	if n, err := unix.EpollWait(poller.FD(), events, 0); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	stored := [2]int32{events[0].Fd, events[0].Pad}
	if got := *(*uint64)(unsafe.Pointer(&stored)); got != data {
		t.Errorf("the kernel stores %#x, want %#x", got, uint64(data))
	}
}

// Until Close, a caller can register the data that marks a waker.
func TestDataEqualToTheWakersIsReported(t *testing.T) {
	poller := newPoller(t)
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	must(t, poller.RegisterData(r, epoll.In, epoll.WakerData))
	if event := one(t, poller); event.Data() != epoll.WakerData {
		t.Errorf("data is %#x, want %#x", event.Data(), epoll.WakerData)
	}
}

func TestRefusalNamesTheKindOfFile(t *testing.T) {
	poller := newPoller(t)
	for path, want := range map[string]string{
		t.TempDir(): "directory",
		os.DevNull:  "device",
	} {
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		must(t, err)
		suite.CloseAtEnd(t, fd)
		if err := poller.Register(fd, epoll.In); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Register of %s: %v, want one that names a %s", path, err, want)
		}
	}
	fd, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
	must(t, err)
	suite.CloseAtEnd(t, fd)
	if err := poller.Register(fd, epoll.In); !errors.Is(err, unix.EBADF) || !strings.Contains(err.Error(), "O_PATH") {
		t.Errorf("Register of a path: %v, want EBADF that names O_PATH", err)
	}
	if err := poller.Register(suite.File(t), epoll.In); err == nil || !strings.Contains(err.Error(), "regular file") {
		t.Errorf("Register of a file: %v, want one that names a regular file", err)
	}
}
