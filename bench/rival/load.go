//go:build linux

package rival

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// rawTransfer is read(2) or write(2) without telling the Go scheduler, for descriptors that do not block.
func rawTransfer(call uintptr) func(fd int, p []byte) (int, error) {
	return func(fd int, p []byte) (int, error) {
		n, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		return errnoless(n, errno)
	}
}

// client loads a server with messages, of which as many are under way as the window is wide.
type client struct {
	address unix.SockaddrInet4
	epfd    int
	events  []unix.EpollEvent
	clients []connection
	idle    []int // indices of clients, the longest idle first: a queue in a ring
	head    int
	length  int
}

type connection struct {
	fd   int
	sent time.Time
	got  int
}

const messageBytes = 64

var message, received = make([]byte, messageBytes), make([]byte, messageBytes)

// FirstConnections is how many connections a load begins with, before the memory of the server is looked at.
const FirstConnections = 50

// load connects to a server: arguments are its address, the number of connections, and the window. It begins with few
// connections; to make 0 operations is to connect the rest. An operation is a message there and back.
func load(arguments []string) (work, error) {
	if len(arguments) != 3 {
		return nil, errors.New("usage: load address connections window")
	}
	address, err := net.ResolveTCPAddr("tcp4", arguments[0])
	if err != nil {
		return nil, err
	}
	connections, err := strconv.Atoi(arguments[1])
	if err != nil {
		return nil, err
	}
	window, err := strconv.Atoi(arguments[2])
	if err != nil {
		return nil, err
	}
	c := &client{
		address: unix.SockaddrInet4{Port: address.Port, Addr: [4]byte(address.IP.To4())},
		events:  make([]unix.EpollEvent, 256),
		idle:    make([]int, connections),
	}
	if c.epfd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, err
	}
	if err := c.grow(min(FirstConnections, connections)); err != nil {
		return nil, err
	}
	return func(n int) map[string]float64 {
		if n == 0 {
			must(c.grow(connections))
			return nil
		}
		took, err := c.exchange(n, window)
		must(err)
		return percentiles(took)
	}, nil
}

// atOnce is how many connections the server need not have accepted yet: fewer than it lets wait.
const atOnce = 2000

// grow connects until there are so many, and has a message answered on each, so the server has accepted all.
func (c *client) grow(connections int) error {
	for len(c.clients) < connections {
		for range min(atOnce, connections-len(c.clients)) {
			if err := c.connect(); err != nil {
				return fmt.Errorf("connection %d: %w", len(c.clients), err)
			}
		}
		if _, err := c.exchange(len(c.clients), atOnce); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) connect() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Connect(fd, &c.address)
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err == nil {
		err = unix.EpollCtl(c.epfd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(len(c.clients))})
	}
	c.push(len(c.clients))
	c.clients = append(c.clients, connection{fd: fd})
	return err
}

func (c *client) push(i int) {
	c.idle[(c.head+c.length)%len(c.idle)] = i
	c.length++
}

// exchange sends n messages and awaits the answers.
func (c *client) exchange(n, window int) ([]time.Duration, error) {
	took := make([]time.Duration, 0, n)
	write, read := rawTransfer(unix.SYS_WRITE), rawTransfer(unix.SYS_READ)
	for sent := 0; len(took) < n; {
		for sent < n && sent-len(took) < window && c.length > 0 {
			one := &c.clients[c.idle[c.head]]
			c.head, c.length = (c.head+1)%len(c.idle), c.length-1
			one.sent, one.got = time.Now(), 0
			if _, err := write(one.fd, message); err != nil {
				return nil, err
			}
			sent++
		}
		ready, err := unix.EpollWait(c.epfd, c.events, -1)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, event := range c.events[:ready] {
			one := &c.clients[event.Fd]
			got, err := read(one.fd, received)
			if err != nil || got == 0 {
				return nil, fmt.Errorf("%d bytes: %w", got, err)
			}
			if one.got += got; one.got == messageBytes {
				took = append(took, time.Since(one.sent))
				c.push(int(event.Fd))
			}
		}
	}
	return took, nil
}
