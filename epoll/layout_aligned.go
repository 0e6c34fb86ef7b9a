//go:build !amd64 && !386

package epoll

// pad is 1: struct epoll_event aligns its uint64 to 8 bytes.
const pad = 1
