// Package porting holds the code of docs/porting.md and of the pages that it lists, and tests that
// compile and run it.
package porting

import (
	"context"
	"errors"
	"log"
	"os"
	"syscall"
	"time"

	"iomux"
	"iomux/descriptor"
	"iomux/epoll"
	"iomux/kqueue"
	"iomux/poll"
	"iomux/selectfd"
)

// The page shows the lines between "begin" and "end". The code for other libraries is in the files
// whose names start with "before".

func unwrapErrors(err error) (again bool, errno syscall.Errno) {
	// begin
	again = errors.Is(err, syscall.EAGAIN)
	errors.As(err, &errno)
	// end
	return again, errno
}

func useEpoll(fd int, handle func(fd int32)) error {
	// begin
	poller, err := epoll.New()
	if err != nil {
		return err
	}
	defer poller.Close()
	if err := poller.Register(fd, epoll.In); err != nil {
		return err
	}
	events := make([]epoll.Event, 64)
	n, err := poller.Poll(events, 500*time.Millisecond)
	if err != nil {
		return err
	}
	for _, event := range events[:n] {
		handle(event.FD)
	}
	// end
	return nil
}

func useData(poller *epoll.Poller, fd int, datum uint64, events []epoll.Event) (uint64, error) {
	// begin
	if err := poller.RegisterData(fd, epoll.In, datum); err != nil {
		return 0, err
	}
	if _, err := poller.Poll(events, -1); err != nil {
		return 0, err
	}
	datum = events[0].Data()
	// end
	return datum, nil
}

func useKqueue(fd int, handle func(fd int32)) error {
	// begin
	queue, err := kqueue.New()
	if err != nil {
		return err
	}
	defer queue.Close()
	changes := []kqueue.Event{{Ident: uint64(fd), Filter: kqueue.FilterRead, Flags: kqueue.EvAdd}}
	events := make([]kqueue.Event, 64)
	n, err := queue.Control(changes, events, 500*time.Millisecond)
	if err != nil {
		return err
	}
	for _, event := range events[:n] {
		if event.Flags&kqueue.EvError != 0 {
			return syscall.Errno(event.Data)
		}
		handle(int32(event.Ident))
	}
	// end
	return nil
}

func usePoll(fd int, handle func(fd int32)) error {
	// begin
	fds := []poll.FD{{FD: int32(fd), Events: poll.In}}
	if _, err := poll.Wait(fds, 500*time.Millisecond); err != nil {
		return err
	}
	if fds[0].Revents != 0 {
		handle(fds[0].FD)
	}
	// end
	return nil
}

func useSelect(fd int, handle func(fd int32)) error {
	// begin
	var readers selectfd.Set
	readers.Add(fd)
	if _, err := selectfd.Wait(&readers, nil, nil, 500*time.Millisecond); err != nil {
		return err
	}
	if readers.Has(fd) {
		handle(int32(fd))
	}
	// end
	return nil
}

func useCallbacks(ctx context.Context, fd int, callback func(iomux.Interest) error) error {
	// begin
	poller, err := iomux.New[func(iomux.Interest) error]()
	if err != nil {
		return err
	}
	defer poller.Close()
	if _, err := poller.RegisterFD(fd, iomux.Readable, callback); err != nil {
		return err
	}
	for event, err := range poller.Events(ctx) {
		if err != nil {
			return err
		}
		if err := event.Key(event.Ready); err != nil {
			return err
		}
	}
	// end
	return nil
}

func useTimer(poller *iomux.Poller[string], fd int, idle time.Duration, callback func(string)) error {
	// begin
	if _, err := poller.RegisterFD(fd, iomux.Readable, "data"); err != nil {
		return err
	}
	timer, err := poller.RegisterTimer(idle, "timeout")
	if err != nil {
		return err
	}
	events := make([]iomux.Event[string], 64)
	n, err := poller.Wait(context.Background(), events)
	if err != nil {
		return err
	}
	for _, event := range events[:n] {
		callback(event.Key)
	}
	if err := timer.Reset(idle); err != nil {
		return err
	}
	// end
	return nil
}

func useSelectors(conn syscall.Conn, handler func(syscall.Conn, iomux.Interest)) error {
	// begin
	poller, err := iomux.New[syscall.Conn]()
	if err != nil {
		return err
	}
	defer poller.Close()
	registration, err := poller.Register(conn, iomux.Readable, conn)
	if err != nil {
		return err
	}
	events := make([]iomux.Event[syscall.Conn], 64)
	n, err := poller.WaitTimeout(events, 500*time.Millisecond)
	if err != nil {
		return err
	}
	for _, event := range events[:n] {
		handler(event.Key, event.Ready)
	}
	if err := registration.Unregister(); err != nil {
		return err
	}
	// end
	return nil
}

func stopLoop(poller *iomux.Poller[string], events []iomux.Event[string]) error {
	for {
		// begin
		n, err := poller.Wait(context.Background(), events)
		if errors.Is(err, os.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		// end
		for _, event := range events[:n] {
			log.Panicf("an event of an empty Poller: %v", event)
		}
	}
}

// descriptorOf returns the descriptor of conn, which is valid while conn is open.
func descriptorOf(conn syscall.Conn) int {
	fd, err := descriptor.Of(conn)
	if err != nil {
		log.Panic(err)
	}
	return fd
}
