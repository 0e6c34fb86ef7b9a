package poll_test

import (
	"errors"
	"strings"
	"testing"

	"iomux/internal/test/suite"
	"iomux/poll"
)

func TestEventsThatHaveTwoNames(t *testing.T) {
	client, server := suite.TCPPair(t)
	suite.Write(t, client)
	suite.Await(t, server, suite.In)
	fds := []poll.FD{
		{FD: int32(server), Events: poll.RdNorm},
		{FD: int32(server), Events: poll.WrNorm | poll.RdBand},
		{FD: int32(server), Events: poll.In | poll.RdNorm | poll.Out | poll.WrNorm},
	}
	n, err := poll.Wait(fds, soon)
	if n != 3 || err != nil || fds[0].Revents != poll.RdNorm || fds[1].Revents != poll.WrNorm || fds[2].Revents != fds[2].Events {
		t.Errorf("Wait: %d, %v, %v", n, err, fds)
	}
	suite.Drain(t, server)
	suite.SendUrgent(t, client)
	fds = []poll.FD{{FD: int32(server), Events: poll.RdBand | poll.Pri}}
	if n, err := poll.Wait(fds, soon); n != 1 || err != nil || fds[0].Revents != fds[0].Events {
		t.Errorf("Wait: %d, %v, %v", n, err, fds)
	}
}

func TestClosedSocketIsNvalBesideReadySockets(t *testing.T) {
	r, w := suite.Pipe(t)
	suite.Write(t, w)
	closed := int32(suite.ClosedFD(t))
	fds := []poll.FD{{FD: closed, Events: poll.In}, {FD: int32(r), Events: poll.In}, {FD: closed}, {FD: 0, Events: poll.Out}}
	n, err := poll.Wait(fds, -1)
	if n != 4 || err != nil || fds[0].Revents != poll.Nval || fds[1].Revents != poll.In || fds[2].Revents != poll.Nval || fds[3].Revents != poll.Nval {
		t.Errorf("Wait: %d, %v, %v", n, err, fds)
	}
	fds = append(fds, poll.FD{FD: int32(suite.File(t)), Events: poll.In})
	if _, err := poll.Wait(fds, -1); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "only sockets on Windows") {
		t.Errorf("Wait: %v, want only sockets on Windows", err)
	}
}
