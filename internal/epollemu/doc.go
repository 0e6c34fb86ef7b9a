// Package epollemu emulates epoll for package epoll and for the Poller. [Epoll] uses package
// kqueue, on macOS and the BSDs. [Ports] uses event ports or poll(2), on Solaris, illumos and AIX.
//
// # With kqueue
//
// A descriptor is registered with up to three filters: FilterRead and FilterWrite for the requested
// directions, and FilterExcept for urgent data. If only the end of the connection was requested,
// FilterRead has a low-water mark that is never reached. A filter reports one direction of its
// descriptor, but an epoll event has all of them. So descriptors with several filters, and
// descriptors at their end, are also polled with poll(2).
//
// Each arming of a registration has a generation, which its filters carry as Udata. An event with
// another generation was taken from the kernel before the registration changed. It is dropped.
//
// On Linux only the Poller with the kqueue mechanism and tests use it, on top of the emulation of
// kqueue.
//
// # With event ports
//
// A port reports a descriptor once and then drops it. When the event is taken, the descriptor may
// no longer be ready. So reported descriptors are polled with poll(2), and level-triggered ones are
// associated again at once. Edge-triggered and exclusive registrations are refused, because nothing
// distinguishes a new arrival from lasting readiness.
//
// AIX has poll(2) only. There a list of descriptors that drops each one after its report replaces
// the port.
package epollemu
