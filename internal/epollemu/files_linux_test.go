package epollemu_test

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"iomux/internal/bitnames"
	"iomux/internal/epollemu"
)

// openPair returns a file of one of five kinds, and the other end of it. The caller closes them.
func openPair(t testing.TB, kind int) (fds [2]int) {
	t.Helper()
	switch kind {
	case 0, 1:
		must(t, unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK))
		if kind == 1 {
			fds[0], fds[1] = fds[1], fds[0]
		}
	case 2:
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		must(t, err)
		fds = pair
	case 3:
		fds[0], fds[1] = tcpPair(t)
	case 4:
		fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
		must(t, err)
		must(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
		number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
		must(t, err)
		peer, err := unix.Open(fmt.Sprintf("/dev/pts/%d", number), unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
		must(t, err)
		fds = [2]int{fd, peer}
	}
	return fds
}

// tcpPair returns both ends of a connection, which the caller closes.
func tcpPair(t testing.TB) (client, server int) {
	listener, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	must(t, unix.Bind(listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(t, unix.Listen(listener, 1))
	address, err := unix.Getsockname(listener)
	must(t, err)
	client, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	must(t, unix.Connect(client, address))
	server, _, err = unix.Accept4(listener, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
	must(t, err)
	must(t, unix.SetNonblock(client, true))
	must(t, unix.Close(listener))
	return client, server
}

func drain(fd int) {
	var room [4096]byte
	for range 1000 {
		if n, err := unix.Read(fd, room[:]); n <= 0 || err != nil {
			return
		}
	}
}

func fill(fd int) {
	var data [4096]byte
	for range 5000 {
		if _, err := unix.SendmsgN(fd, data[:], nil, nil, unix.MSG_NOSIGNAL); err == unix.ENOTSOCK {
			if _, err = unix.Write(fd, data[:]); err != nil {
				return
			}
		} else if err != nil {
			return
		}
	}
}

func names(events uint32) string {
	return bitnames.Format(uint64(events), []bitnames.Name{
		{Value: uint64(epollemu.In), Text: "In"}, {Value: uint64(epollemu.Pri), Text: "Pri"}, {Value: uint64(epollemu.Out), Text: "Out"},
		{Value: uint64(epollemu.Err), Text: "Err"}, {Value: uint64(epollemu.Hup), Text: "Hup"}, {Value: uint64(epollemu.RdHup), Text: "RdHup"},
		{Value: uint64(epollemu.RdNorm), Text: "RdNorm"}, {Value: uint64(epollemu.WrNorm), Text: "WrNorm"}, {Value: uint64(epollemu.WrBand), Text: "WrBand"},
		{Value: uint64(epollemu.ET), Text: "ET"}, {Value: uint64(epollemu.OneShot), Text: "OneShot"},
		{Value: uint64(epollemu.Exclusive), Text: "Exclusive"},
	})
}
