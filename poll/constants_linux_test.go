//go:build !mips && !mipsle && !mips64 && !mips64le

package poll_test

import (
	"testing"

	"iomux/poll"
)

// The numbers of <asm-generic/poll.h>, some of which x/sys does not have.
func TestConstantsMatchTheHeader(t *testing.T) {
	for events, want := range map[poll.Events]poll.Events{
		poll.In: 0x1, poll.Pri: 0x2, poll.Out: 0x4, poll.Err: 0x8, poll.Hup: 0x10, poll.Nval: 0x20,
		poll.RdNorm: 0x40, poll.RdBand: 0x80, poll.WrNorm: 0x100, poll.WrBand: 0x200, poll.Msg: 0x400, poll.RdHup: 0x2000,
	} {
		if events != want {
			t.Errorf("%v is %#x, want %#x", events, uint16(events), uint16(want))
		}
	}
}
