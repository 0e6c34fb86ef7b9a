/* select.kqueue and select.kevent: what their files share. */
#ifndef IOMUX_KQUEUE_H
#define IOMUX_KQUEUE_H

#include "module.h"

#include "core.h"

typedef struct {
    PyObject_HEAD
    iomux_kevent event;
} Kevent;

/* kevent_of makes an object of an event, or NULL with an exception. */
PyObject *kevent_of(PyTypeObject *type, const iomux_kevent *event);

int add_kevent(PyObject *module);

/* A kqueue object. fd is its descriptor, -1 when it is closed; object is what the core made of it. For an object of fromfd() it
   is made at the first use, as fromfd() takes any number. A kqueue is its process's alone: where the generation is not the
   core's, a child has the object, and to it it is closed. */
typedef struct {
    PyObject_HEAD
    int fd;
    void *object;        /* of the core */
    unsigned generation; /* of the core that there was when the object was made */
} Kqueue;

static inline int
kqueue_is_closed(Kqueue *self)
{
    return self->fd < 0 || self->generation != core.generation;
}

/* kqueue_use makes sure that the core works and has the object. It returns 0, a code of the core's, or -1 with an exception. */
int kqueue_use(Kqueue *self);

PyObject *kqueue_control(Kqueue *self, PyObject *const *args, Py_ssize_t count);

extern const char kqueue_control_doc[];

#endif
