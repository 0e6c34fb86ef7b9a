/* The Go half of the module, loaded by dlopen. */
#ifndef IOMUX_CORE_H
#define IOMUX_CORE_H

#include "iomux-core.h" /* written by go build: the types of the functions are those of the Go code */

#define CORE_FUNCTIONS(X)                                                                                                      \
    X(start)                                                                                                                   \
    X(forget)                                                                                                                  \
    X(select)                                                                                                                  \
    X(poll_new)                                                                                                                \
    X(poll_register)                                                                                                           \
    X(poll_modify)                                                                                                             \
    X(poll_unregister)                                                                                                         \
    X(poll_poll)                                                                                                               \
    X(epoll_new)                                                                                                               \
    X(epoll_adopt)                                                                                                             \
    X(epoll_register)                                                                                                          \
    X(epoll_modify)                                                                                                            \
    X(epoll_unregister)                                                                                                        \
    X(epoll_poll)                                                                                                              \
    X(epoll_close)                                                                                                             \
    X(kqueue_constant)                                                                                                         \
    X(kqueue_new)                                                                                                              \
    X(kqueue_adopt)                                                                                                            \
    X(kqueue_control)                                                                                                          \
    X(kqueue_close)                                                                                                            \
    X(devpoll_new)                                                                                                             \
    X(devpoll_register)                                                                                                        \
    X(devpoll_modify)                                                                                                          \
    X(devpoll_unregister)                                                                                                      \
    X(devpoll_length)                                                                                                          \
    X(devpoll_poll)                                                                                                            \
    X(devpoll_close)

/* core is the copy of the Go half that this process uses. */
extern struct core {
#define X(name) __typeof__(iomux_##name) *name;
    CORE_FUNCTIONS(X)
#undef X
    /* Counts the copies: an object of an earlier one is dead, as the threads that served it did not survive fork(). It is 0
       before the first. */
    unsigned generation;
    /* The highest descriptor that was found open. select(2) ignores what lies beyond the process's table, which does not shrink
       before a fork. */
    int highest_open;
    /* Whether the copy of this generation works; false in a new child. */
    int works;
} core;

/* core_load makes the core work, or raises an exception and returns -1. The interpreter's lock is held. */
int core_load(void);

static inline int
core_use(void)
{
    return __atomic_load_n(&core.works, __ATOMIC_ACQUIRE) ? 0 : core_load();
}

#endif
