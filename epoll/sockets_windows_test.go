package epoll_test

import (
	"testing"

	"iomux/epoll"
	"iomux/internal/test/suite"
)

func TestEventsThatHaveTwoNames(t *testing.T) {
	poller := newPoller(t)
	client, server := suite.TCPPair(t)
	must(t, poller.Register(server, epoll.RdNorm|epoll.RdBand|epoll.WrNorm|epoll.WrBand))
	if event := one(t, poller); event.Events != epoll.WrNorm|epoll.WrBand {
		t.Errorf("event is %+v", event)
	}
	suite.Write(t, client)
	suite.Await(t, server, suite.In)
	must(t, poller.Modify(server, epoll.In|epoll.RdNorm))
	if event := one(t, poller); event.Events != epoll.In|epoll.RdNorm {
		t.Errorf("event is %+v", event)
	}
	suite.Drain(t, server)
	suite.SendUrgent(t, client)
	must(t, poller.Modify(server, epoll.RdBand))
	if event := one(t, poller); event.Events != epoll.RdBand {
		t.Errorf("event is %+v", event)
	}
}
