/* The declarations that both halves of the module share. */
#ifndef IOMUX_CODES_H
#define IOMUX_CODES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

/* Errors without an errno. They are larger than every errno. */
enum iomux_code {
    IOMUX_CLOSED = 100001,         /* the object is closed, or was closed during the wait */
    IOMUX_NOT_REGISTERED = 100002, /* the descriptor is not registered in the poll object */
    IOMUX_FAILED = 100003,         /* another error, or a panic */
};

/* The data of the events with which package epoll wakes the waiters of a closed epoll: descriptor
   -1 and a tag. Only system calls that bypass the package see them. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define IOMUX_EPOLL_WAKER UINT64_C(0xffffffff696f6d78)
#else
#define IOMUX_EPOLL_WAKER UINT64_C(0x696f6d78ffffffff)
#endif

/* The layout of poll.Event and devpoll.Event. That of epoll.Event is struct epoll_event. */
typedef struct {
    intptr_t fd;
    uint16_t events;
} iomux_polled;

/* The layout of kqueue.Event. */
typedef struct {
    uint64_t ident;
    int16_t filter;
    uint16_t flags;
    uint32_t fflags;
    int64_t data;
    uint64_t udata;
} iomux_kevent;
enum {
    IOMUX_KEVENT_FFLAGS = offsetof(iomux_kevent, fflags),
    IOMUX_KEVENT_UDATA = offsetof(iomux_kevent, udata),
};

#endif
