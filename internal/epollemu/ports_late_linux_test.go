package epollemu

import (
	"testing"

	"iomux/internal/test/portmodel"
	"iomux/internal/test/suite"
)

// Some systems give all sockets the same inode number. The port detects that a number was closed.
func TestPortDistinguishesFilesThatLookAlike(t *testing.T) {
	p, err := OpenPorts(portmodel.New())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	r, _ := suite.Pipe(t)
	if err := p.Add(r, In, 1); err != nil {
		t.Fatal(err)
	}
	other, _ := suite.Pipe(t)
	suite.Close(t, r)
	if again := suite.High(t, other, r); again != r {
		t.Skip("another goroutine has taken the number")
	}
	p.entries.Get(int32(r)).file, _ = fileOf(r)
	if err := p.Add(r, In, 2); err != nil {
		t.Errorf("Add of a reused number: %v", err)
	}
}

// A port drops a closed descriptor, which takes no room from the ready ones.
func TestClosedDescriptorsTakeNoRoom(t *testing.T) {
	p, err := OpenPorts(NewPollPort())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	const closed, ready = 3, 2
	var fds [closed + ready]int
	for i := range fds {
		r, w := suite.Pipe(t)
		suite.Write(t, w)
		if err := p.Add(r, In, uint64(i)); err != nil {
			t.Fatal(err)
		}
		fds[i] = r
	}
	for _, fd := range fds[:closed] {
		suite.Close(t, fd)
	}
	events := make([]Event, ready)
	if n, err := p.Take(events, 0); n != ready || err != nil {
		t.Errorf("events are %+v, %v, want %d", events[:n], err, ready)
	}
}
