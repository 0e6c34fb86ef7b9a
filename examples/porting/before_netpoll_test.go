//go:build linux && amd64

package porting

import "github.com/cloudwego/netpoll"

// Only netpoll itself makes a Poll, so these lines are compiled but do not run.
var _ = callbacksOfNetpoll

func callbacksOfNetpoll(poll netpoll.Poll, fd int, callback func(netpoll.Poll) error) error {
	// begin
	operator := &netpoll.FDOperator{FD: fd, OnRead: callback}
	if err := poll.Control(operator, netpoll.PollReadable); err != nil {
		return err
	}
	err := poll.Wait()
	// end
	return err
}
