package epoll_test

import (
	"testing"

	"iomux/epoll"
)

func TestEventsString(t *testing.T) {
	for events, want := range map[epoll.Events]string{
		0:                             "0",
		epoll.In:                      "In",
		epoll.In | epoll.Hup | 0x1000: "In|Hup|0x1000",
		epoll.DefaultEvents:           "In|Pri|Out",
		epoll.ET | epoll.OneShot:      "OneShot|ET",
		^epoll.Events(0) &^ 0x0fffd820: "In|Pri|Out|Err|Hup|RdNorm|RdBand|WrNorm|WrBand|Msg|" +
			"RdHup|Exclusive|WakeUp|OneShot|ET",
	} {
		if got := events.String(); got != want {
			t.Errorf("%#x is %q, want %q", uint32(events), got, want)
		}
	}
}
