package main

import (
	"iomux"
)

// mechanisms is what the command waits by, the best first.
var mechanisms = []iomux.Mechanism{iomux.Epoll, iomux.Kqueue, iomux.EventPort, iomux.AFD, iomux.DevPoll, iomux.Poll, iomux.Select}

// waitingMechanisms is the names that --mechanism takes on this system, the best first.
func waitingMechanisms() []string {
	var names []string
	for _, m := range mechanisms {
		if m.Available() {
			names = append(names, m.String())
		}
	}
	return names
}
