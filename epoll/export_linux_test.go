package epoll

// WakerData marks the events of wakers.
var WakerData = wakerData

// Waker returns the number of the poller's waker.
func Waker(p *Poller) int { return int(p.shared.waker) }
