//go:build !linux

package iomux

// epollLimits is asked only where epoll is available.
func epollLimits() Limits { return Limits{} }
