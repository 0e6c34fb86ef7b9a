//go:build linux && amd64

package porting

import (
	"errors"
	"slices"
	"testing"

	shutdown "github.com/panjf2000/gnet/v2/pkg/errors"
	"github.com/panjf2000/gnet/v2/pkg/netpoll"
)

func callbacksOfGnet(fd int, callback netpoll.PollEventHandler) error {
	// begin
	poller, err := netpoll.OpenPoller()
	if err != nil {
		return err
	}
	defer poller.Close()
	attachments := map[int]*netpoll.PollAttachment{fd: {FD: fd, Callback: callback}}
	if err := poller.AddRead(attachments[fd], false); err != nil {
		return err
	}
	err = poller.Polling(func(fd int, event netpoll.IOEvent, flags netpoll.IOFlags) error {
		return attachments[fd].Callback(fd, event, flags)
	})
	// end
	return err
}

func TestCallbackOfGnetIsCalled(t *testing.T) {
	t.Parallel()
	fd := descriptorOf(readyConn(t))
	var handled []int
	err := callbacksOfGnet(fd, func(fd int, _ netpoll.IOEvent, _ netpoll.IOFlags) error {
		handled = append(handled, fd)
		return shutdown.ErrEngineShutdown
	})
	if !errors.Is(err, shutdown.ErrEngineShutdown) || !slices.Equal(handled, []int{fd}) {
		t.Errorf("callbacksOfGnet = %v after %v, want ErrEngineShutdown after [%d]", err, handled, fd)
	}
}
