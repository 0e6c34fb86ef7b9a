// Package epollemu emulates epoll for package epoll and for the Poller: with package kqueue on
// macOS and the BSDs (Epoll), and with event ports or poll(2) on Solaris, illumos and AIX (Ports).
//
// # With kqueue
//
// A descriptor is registered with up to three filters: FilterRead and FilterWrite for what was
// requested, FilterExcept for urgent data, and FilterRead with an unreachable low-water mark if
// only the end of the connection is of interest. A filter knows one direction of its descriptor,
// but an epoll event reports all of them. So poll(2) is asked about descriptors with several
// filters, and about those at their end.
//
// Each arming of a registration has a generation, which its filters carry as Udata. An event with
// another generation was taken from the kernel before the registration changed, and is dropped.
//
// On Linux only tests use it, on top of the emulation of kqueue.
//
// # With event ports
//
// A port reports a descriptor once and then forgets it, and does not know whether it is still ready
// when the event is taken. So poll(2) is asked about reported descriptors, and level-triggered ones
// are associated again at once. Edge-triggered and exclusive registrations are refused: nothing
// distinguishes an arrival from readiness that lasts.
//
// AIX has poll(2) only. A list of descriptors that forgets what it has reported takes the place of
// the port.
package epollemu
