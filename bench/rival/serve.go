//go:build linux

package rival

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"runtime"

	"github.com/cloudwego/netpoll"
	"golang.org/x/sys/unix"

	"iomux"
	"iomux/descriptor"
	"iomux/epoll"
)

// serve runs an echo server. For each line of input it prints the number of allocations so far.
func serve(who string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	go func() {
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			fmt.Printf("{\"allocations\": %d}\n", memory.Mallocs)
		}
		os.Exit(0)
	}()
	switch who {
	case Net:
		return serveNet(listener)
	case Netpoll:
		return serveNetpoll(listener)
	}
	return serveLoop(who, listener)
}

// serveNet uses a goroutine for each connection.
func serveNet(listener net.Listener) error {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			buffer := make([]byte, 4096)
			for {
				n, err := conn.Read(buffer)
				if err == nil {
					_, err = conn.Write(buffer[:n])
				}
				if err != nil {
					_ = conn.Close()
					return
				}
			}
		}()
	}
}

func serveNetpoll(listener net.Listener) error {
	loop, err := netpoll.NewEventLoop(func(_ context.Context, conn netpoll.Connection) error {
		reader := conn.Reader()
		data, err := reader.Next(reader.Len())
		if err == nil {
			_, err = conn.Writer().WriteBinary(data)
		}
		if err == nil {
			err = conn.Writer().Flush()
		}
		if err == nil {
			err = reader.Release()
		}
		return err
	})
	if err != nil {
		return err
	}
	return loop.Serve(listener)
}

// serving holds the calls of a server with one goroutine.
type serving struct {
	add   func(fd int) error
	wait  func() (int, error)
	fd    func(event int) int
	read  func(fd int, p []byte) (int, error)
	write func(fd int, p []byte) (int, error)
}

// serveLoop serves all connections on one goroutine, like the server in waits.c.
func serveLoop(who string, listener net.Listener) error {
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	accepting, err := descriptor.Of(file)
	if err != nil {
		return err
	}
	s, err := servingBy(who)
	if err != nil {
		return err
	}
	if err := s.add(accepting); err != nil {
		return err
	}
	buffer := make([]byte, 64<<10)
	for {
		n, err := s.wait()
		if err != nil && err != unix.EINTR {
			return err
		}
		for event := range n {
			if fd := s.fd(event); fd == accepting {
				s.accept(fd)
			} else {
				s.answer(fd, buffer)
			}
		}
	}
}

// accept adds a new connection of the listener fd.
func (s *serving) accept(fd int) {
	client, _, errno := unix.Syscall6(unix.SYS_ACCEPT4, uintptr(fd), 0, 0, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if errno == 0 {
		must(s.add(int(client)))
	}
}

// answer sends received data back, and closes a connection that has ended.
func (s *serving) answer(fd int, buffer []byte) {
	got, err := s.read(fd, buffer)
	if err == unix.EAGAIN {
		return
	}
	if got > 0 && err == nil {
		_, err = s.write(fd, buffer[:got])
	}
	if got <= 0 || err != nil {
		_ = unix.Close(fd)
	}
}

func servingBy(who string) (*serving, error) {
	const room = 256
	s := &serving{read: descriptor.TryRead, write: descriptor.TryWrite}
	switch who {
	case Raw, XSys:
		epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		events := make([]unix.EpollEvent, room)
		s.add = func(fd int) error {
			return unix.EpollCtl(epfd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
		}
		s.fd = func(event int) int { return int(events[event].Fd) }
		if who == XSys {
			s.wait = func() (int, error) { return unix.EpollWait(epfd, events, -1) }
			s.read, s.write = unix.Read, unix.Write
			return s, err
		}
		s.wait = lookFirst(func() (int, error) { return errnoless(rawEpollWait(epfd, events)) },
			func() (int, error) { return errnoless(blockingEpollWait(epfd, events)) })
		s.read, s.write = rawTransfer(unix.SYS_READ), rawTransfer(unix.SYS_WRITE)
		return s, err
	case Epoll:
		p, err := epoll.New()
		events := make([]epoll.Event, room)
		s.add = func(fd int) error { return p.Register(fd, epoll.In) }
		s.wait = lookFirst(func() (int, error) { return p.Poll(events, 0) }, func() (int, error) { return p.Poll(events, -1) })
		s.fd = func(event int) int { return int(events[event].FD) }
		return s, err
	case Poller:
		p, err := newPoller(who, nil)
		events := make([]iomux.Event[int], room)
		s.add = func(fd int) error {
			_, err := p.RegisterFD(fd, iomux.Readable, fd)
			return err
		}
		s.wait = func() (int, error) { return p.Wait(context.Background(), events) }
		s.fd = func(event int) int { return events[event].Key }
		return s, err
	}
	return nil, errUnknown
}
