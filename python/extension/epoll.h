/* The declarations that the files of select.epoll share. */
#ifndef IOMUX_EPOLL_H
#define IOMUX_EPOLL_H

#include "object.h"

#include <sys/epoll.h>

typedef struct {
    Object base;
    struct epoll_event *room; /* for events, between two polls; NULL while a poll uses it */
    int room_for;
    unsigned char *known; /* for each number, whether the core has registered it */
    size_t known_size;
    unsigned known_in;    /* the generation of that core */
} Epoll;

/* The methods that register and wait. */
PyObject *epoll_register(Epoll *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *epoll_modify(Epoll *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *epoll_unregister(Epoll *self, PyObject *const *args, Py_ssize_t count, PyObject *names);
PyObject *epoll_poll(Epoll *self, PyObject *const *args, Py_ssize_t count, PyObject *names);

extern const char epoll_register_doc[], epoll_modify_doc[], epoll_unregister_doc[], epoll_poll_doc[];

#endif
