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

// rawTransfer returns read(2) or write(2) as a raw call, which does not inform the Go scheduler.
// Use it for non-blocking descriptors.
func rawTransfer(call uintptr) func(fd int, p []byte) (int, error) {
	return func(fd int, p []byte) (int, error) {
		n, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		return errnoless(n, errno)
	}
}

// client sends messages to a server and reads the replies.
type client struct {
	address unix.SockaddrInet4
	epfd    int
	events  []unix.EpollEvent
	clients []connection
	idle    []int // a ring buffer with the indices of idle clients, the longest idle first
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

// FirstConnections is the number of connections before the first measurement of the server's
// memory.
const FirstConnections = 50

// load connects to a server. The arguments are its address, the number of connections, and the
// window, which is the number of messages in flight. It first makes FirstConnections connections.
// The returned work makes the rest if it is called with 0 operations. An operation is a message and
// its reply.
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

// atOnce is the number of connections to make before a round of messages. It is less than the
// server's backlog.
const atOnce = 2000

// grow connects until there are enough connections. It exchanges a message on each, so the server
// has accepted all of them.
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

// exchange sends n messages and waits for the replies. At most window messages are in flight.
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
