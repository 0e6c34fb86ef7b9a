/* What both halves of the module share. */
#ifndef IOMUX_CODES_H
#define IOMUX_CODES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

/* Answers that are no errno, above all of them. */
enum iomux_code {
    IOMUX_CLOSED = 100001,         /* the object is closed, or was while it was waited on */
    IOMUX_NOT_REGISTERED = 100002, /* the poll object does not know the descriptor */
    IOMUX_FAILED = 100003,         /* an error without a number, or a panic */
};

/* poll.Event. epoll.Event is struct epoll_event itself. */
typedef struct {
    intptr_t fd;
    uint16_t events;
} iomux_polled;

/* kqueue.Event. */
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
