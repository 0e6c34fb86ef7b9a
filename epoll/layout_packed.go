//go:build amd64 || 386

package epoll

// pad is 0: struct epoll_event is packed, or aligns its uint64 to 4 bytes.
const pad = 0
