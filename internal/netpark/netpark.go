// Package netpark lets a goroutine wait in the Go runtime's netpoller for an epoll to become
// readable. A parked goroutine uses no thread.
//
// Systems other than Linux have only Start, because they have no epoll.
package netpark
