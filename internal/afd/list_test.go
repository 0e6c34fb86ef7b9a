//go:build windows

package afd

import (
	"errors"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

// scripted polls sockets that its test defines. Their handles are their places in kinds.
type scripted struct {
	kinds  []kind
	polls  int   // how often the whole list was polled
	polled []int // how often each one was polled alone
	found  []int // how often find checked each one
	readAt int   // socket 0 is readable from this value of polls
}

type kind int

const (
	good kind = iota
	late      // refused until it is polled alone for the second time
	closed
	closedLater // closed between the first and the second poll
	strange
)

func (s *scripted) check(sockets []Socket) {
	for i := range sockets {
		handle := sockets[i].Handle
		s.found[handle]++
		if s.kinds[handle] == closed || s.kinds[handle] == closedLater && s.found[handle] > 1 {
			sockets[i].Err = syscall.EBADF
		}
	}
}

var errRefused = errors.New("refused")

func (s *scripted) pollOnce(sockets []Socket, left time.Duration) (n int, refusal, err error) {
	if len(sockets) == len(s.kinds) {
		s.polls++
	}
	for i := range sockets {
		handle := sockets[i].Handle
		if sockets[i].Err != nil {
			left = 0
			continue
		}
		if len(sockets) == 1 {
			s.polled[handle]++
		}
		switch s.kinds[handle] {
		case late:
			if s.polled[handle] < 2 {
				refusal = errRefused
			}
		case closed, closedLater, strange:
			refusal = errRefused
		}
	}
	if refusal != nil {
		return 0, refusal, nil
	}
	if s.readAt > 0 && s.polls >= s.readAt && sockets[0].Handle == 0 {
		sockets[0].Ready = In
	}
	if count(sockets) == 0 {
		time.Sleep(max(left, 0))
	}
	return count(sockets), nil, nil
}

func newScripted(kinds ...kind) (*scripted, []Socket) {
	s := &scripted{kinds: kinds, polled: make([]int, len(kinds)), found: make([]int, len(kinds))}
	sockets := make([]Socket, len(kinds))
	for i := range sockets {
		sockets[i].Handle = windows.Handle(i)
	}
	return s, sockets
}

func errs(sockets []Socket) (all []error) {
	for _, s := range sockets {
		all = append(all, s.Err)
	}
	return all
}

// Each refused socket is reported, and polled no more often than necessary.
func TestRefusedSocketsAreFoundOut(t *testing.T) {
	for _, test := range []struct {
		kinds         []kind
		errs          []error
		foreign       int
		polls         int
		polled, found []int
	}{
		{[]kind{good, closed, closed}, []error{nil, syscall.EBADF, syscall.EBADF}, 0, 2, []int{0, 0, 0}, []int{1, 1, 1}},
		{[]kind{good, closedLater, good}, []error{nil, syscall.EBADF, nil}, 0, 2, []int{1, 1, 1}, []int{1, 2, 1}},
		{[]kind{good, strange, closedLater}, []error{nil, ErrNotSocket, syscall.EBADF}, 1, 2, []int{1, 2, 1}, []int{1, 3, 2}},
	} {
		s, sockets := newScripted(test.kinds...)
		n, foreign, err := pollList(s, sockets, -1)
		bad := 0
		for _, err := range test.errs {
			if err != nil {
				bad++
			}
		}
		if n != bad || foreign != test.foreign || err != nil || !slices.Equal(errs(sockets), test.errs) {
			t.Errorf("%v: %d, %d, %v, %v, want %v", test.kinds, n, foreign, err, errs(sockets), test.errs)
		}
		if s.polls != test.polls || !slices.Equal(s.polled, test.polled) || !slices.Equal(s.found, test.found) {
			t.Errorf("%v: polled %d times, one by one %v, found %v", test.kinds, s.polls, s.polled, s.found)
		}
	}
}

// If the number of a socket belongs to another handle for a moment, the wait does not end early or
// late.
func TestRefusalsKeepTheTimeout(t *testing.T) {
	const moment = 20 * time.Millisecond
	s, sockets := newScripted(good, late)
	start := time.Now()
	n, foreign, err := pollList(s, sockets, moment)
	if took := time.Since(start); n != 0 || foreign != 0 || err != nil || took < moment || took > 100*moment {
		t.Errorf("%d, %d, %v after %v", n, foreign, err, took)
	}
	if s.polls != 3 || s.polled[1] != 2 {
		t.Errorf("polled %d times, and one socket %d times", s.polls, s.polled[1])
	}
	s, sockets = newScripted(good, late)
	if n, _, err := pollList(s, sockets, 0); n != 0 || err != nil || s.polls != 2 {
		t.Errorf("%d, %v, polled %d times", n, err, s.polls)
	}
	s, sockets = newScripted(good, late)
	s.readAt = 3 // in the wait after the refusals
	if n, _, err := pollList(s, sockets, -1); n != 1 || err != nil || sockets[0].Ready != In || s.polls != 3 {
		t.Errorf("%d, %v, %+v, polled %d times", n, err, sockets, s.polls)
	}
	s, sockets = newScripted(good, late)
	s.readAt = 2 // when they are polled one by one
	if n, _, err := pollList(s, sockets, -1); n != 1 || err != nil || sockets[0].Ready != In || s.polls != 2 {
		t.Errorf("%d, %v, %+v, polled %d times", n, err, sockets, s.polls)
	}
}

// refusing refuses every list, but find accepts every socket.
type refusing struct{ polls int }

func (*refusing) check([]Socket) {}

func (r *refusing) pollOnce(sockets []Socket, _ time.Duration) (n int, refusal, err error) {
	if len(sockets) > 1 {
		r.polls++
		refusal = errRefused
	}
	return 0, refusal, nil
}

func TestRefusalsEnd(t *testing.T) {
	var r refusing
	if n, foreign, err := pollList(&r, make([]Socket, 2), -1); n != 0 || foreign != 0 || err != errRefused || r.polls != maxRefusals {
		t.Errorf("%d, %d, %v, polled %d times", n, foreign, err, r.polls)
	}
}
