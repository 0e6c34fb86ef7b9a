//go:build amd64 || 386

package epoll

// pad: these kernels pack struct epoll_event (or align a uint64 to 4 bytes): the data follows the events at once.
const pad = 0
