/* select.epoll: what its files share. */
#ifndef IOMUX_EPOLL_H
#define IOMUX_EPOLL_H

#include "module.h"

#include <sys/epoll.h>

#include "core.h"

/* An epoll object. fd is its descriptor, -1 when it is closed; object is what the core made of it, and is made anew, of the
   same descriptor, after a fork. For an object of fromfd() it is made at the first use, as fromfd() takes any number. */
typedef struct {
    PyObject_HEAD
    int fd;
    void *object;        /* of the core */
    unsigned generation; /* of the core that object belongs to */
    struct epoll_event *room; /* kept from one poll() to the next, NULL while one uses it */
    int room_for;
} Epoll;

static inline int
has_object(Epoll *self)
{
    return core.works && self->object != NULL && self->generation == core.generation;
}

/* epoll_use makes sure that the core works and has the object. It returns 0, a code of the core's, or -1 with an exception. */
int epoll_use(Epoll *self);

/* The methods that make the kernel do something. */
PyObject *epoll_register(Epoll *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *epoll_modify(Epoll *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *epoll_unregister(Epoll *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *epoll_poll(Epoll *self, PyObject *const *args, Py_ssize_t count, PyObject *names);

extern const char epoll_register_doc[], epoll_modify_doc[], epoll_unregister_doc[], epoll_poll_doc[];

#endif
