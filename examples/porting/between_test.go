package porting

import (
	"context"
	"testing"
	"time"

	"iomux"
	"iomux/epoll"
	"iomux/kqueue"
	"iomux/poll"
	"iomux/selectfd"
)

// The functions of this file do the same work with different mechanisms of this module. The page
// shows them one after the other.

func waitWithSelect(fds []int, handle func(fd int32)) error {
	// begin
	var readers selectfd.Set
	for _, fd := range fds {
		readers.Add(fd)
	}
	if _, err := selectfd.Wait(&readers, nil, nil, time.Second); err != nil {
		return err
	}
	for fd := range readers.All() {
		handle(int32(fd))
	}
	// end
	return nil
}

func waitWithPoll(fds []int, handle func(fd int32)) error {
	// begin
	var list []poll.FD
	for _, fd := range fds {
		list = append(list, poll.FD{FD: int32(fd), Events: poll.In})
	}
	if _, err := poll.Wait(list, time.Second); err != nil {
		return err
	}
	for _, entry := range list {
		if entry.Revents != 0 {
			handle(entry.FD)
		}
	}
	// end
	return nil
}

func turnWithEpoll(poller *epoll.Poller, fd int, events []epoll.Event) (n int, err error) {
	// begin
	if err := poller.Register(fd, epoll.In|epoll.OneShot); err != nil {
		return 0, err
	}
	if err := poller.Modify(fd, epoll.Out|epoll.OneShot); err != nil {
		return 0, err
	}
	n, err = poller.Poll(events, time.Second)
	// end
	return n, err
}

func turnWithKqueue(queue *kqueue.Queue, fd int, events []kqueue.Event) (n int, err error) {
	// begin
	reading := kqueue.Event{Ident: uint64(fd), Filter: kqueue.FilterRead, Flags: kqueue.EvAdd | kqueue.EvDispatch}
	if _, err := queue.Control([]kqueue.Event{reading}, nil, 0); err != nil {
		return 0, err
	}
	writing := reading
	writing.Filter = kqueue.FilterWrite
	reading.Flags = kqueue.EvDelete
	n, err = queue.Control([]kqueue.Event{reading, writing}, events, time.Second)
	// end
	return n, err
}

func turnWithPoller(poller *iomux.Poller[string], fd int, events []iomux.Event[string]) (n int, err error) {
	// begin
	registration, err := poller.RegisterFD(fd, iomux.Readable|iomux.OneShot, "socket")
	if err != nil {
		return 0, err
	}
	if err := registration.Modify(iomux.Writable | iomux.OneShot); err != nil {
		return 0, err
	}
	n, err = poller.WaitTimeout(events, time.Second)
	// end
	return n, err
}

func tickWithKqueue(queue *kqueue.Queue, events []kqueue.Event) (expired int64, err error) {
	// begin
	timer := kqueue.Event{Ident: 1, Filter: kqueue.FilterTimer, Flags: kqueue.EvAdd, Data: 20}
	n, err := queue.Control([]kqueue.Event{timer}, events, -1)
	if err != nil {
		return 0, err
	}
	for _, event := range events[:n] {
		expired += event.Data
	}
	// end
	return expired, nil
}

func tickWithPoller(poller *iomux.Poller[string], events []iomux.Event[string]) (expired int, err error) {
	// begin
	if _, err := poller.RegisterTicker(20*time.Millisecond, "tick"); err != nil {
		return 0, err
	}
	n, err := poller.Wait(context.Background(), events)
	if err != nil {
		return 0, err
	}
	for _, event := range events[:n] {
		expired += event.Expirations()
	}
	// end
	return expired, nil
}

func TestListsReportReadyDescriptors(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]func([]int, func(int32)) error{"select": waitWithSelect, "poll": waitWithPoll} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantHandled(t, func(fd int, handle func(int32)) error { return wait([]int{fd}, handle) })
		})
	}
}

func TestModifiedRegistrationReportsOtherDirection(t *testing.T) {
	t.Parallel()
	fd := descriptorOf(readyConn(t))
	t.Run("epoll", func(t *testing.T) {
		t.Parallel()
		poller, err := epoll.New()
		skipUnsupported(t, err)
		defer poller.Close()
		events := make([]epoll.Event, 2)
		n, err := turnWithEpoll(poller, fd, events)
		if err != nil || n != 1 || events[0].Events != epoll.Out {
			t.Errorf("turnWithEpoll = %d, %v with %v, want 1 event of Out", n, err, events[0])
		}
	})
	t.Run("kqueue", func(t *testing.T) {
		t.Parallel()
		queue := newQueue(t)
		events := make([]kqueue.Event, 2)
		n, err := turnWithKqueue(queue, fd, events)
		if err != nil || n != 1 || events[0].Filter != kqueue.FilterWrite {
			t.Errorf("turnWithKqueue = %d, %v with %v, want 1 event of FilterWrite", n, err, events[0])
		}
	})
	t.Run("Poller", func(t *testing.T) {
		t.Parallel()
		events := make([]iomux.Event[string], 2)
		n, err := turnWithPoller(newPoller(t), fd, events)
		if err != nil || n != 1 || events[0].Ready != iomux.Writable {
			t.Errorf("turnWithPoller = %d, %v with %v, want 1 event of Writable", n, err, events[0])
		}
	})
}

func TestTimersExpire(t *testing.T) {
	t.Parallel()
	t.Run("kqueue", func(t *testing.T) {
		t.Parallel()
		if expired, err := tickWithKqueue(newQueue(t), make([]kqueue.Event, 1)); err != nil || expired < 1 {
			t.Errorf("tickWithKqueue = %d, %v, want 1 or more", expired, err)
		}
	})
	t.Run("Poller", func(t *testing.T) {
		t.Parallel()
		if expired, err := tickWithPoller(newPoller(t), make([]iomux.Event[string], 1)); err != nil || expired < 1 {
			t.Errorf("tickWithPoller = %d, %v, want 1 or more", expired, err)
		}
	})
}

func newQueue(t *testing.T) *kqueue.Queue {
	t.Helper()
	queue, err := kqueue.New()
	skipUnsupported(t, err)
	t.Cleanup(func() { queue.Close() })
	return queue
}
