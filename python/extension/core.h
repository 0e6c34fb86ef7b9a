/* The Go half of the module, loaded with dlopen. */
#ifndef IOMUX_CORE_H
#define IOMUX_CORE_H

#include "iomux-core.h" /* written by go build */

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
    /* The number of the copy, 0 before the first. Objects of earlier copies are dead, because their
       threads did not survive fork(). */
    unsigned generation;
    /* The highest descriptor that was found open. select(2) ignores descriptors beyond the
       process's table. The table does not shrink before a fork. */
    int highest_open;
    /* True if this copy works, false in a new child. */
    int works;
} core;

/* core_load loads the core. On failure it raises an exception and returns -1. It needs the
   interpreter's lock. */
int core_load(void);

/* core_use loads the core unless it works. */
static inline int
core_use(void)
{
    return __atomic_load_n(&core.works, __ATOMIC_ACQUIRE) ? 0 : core_load();
}

#endif
