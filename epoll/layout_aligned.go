//go:build !amd64 && !386

package epoll

// pad: the data of struct epoll_event is a uint64, aligned to 8 bytes.
const pad = 1
