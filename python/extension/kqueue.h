/* The declarations that the files of select.kqueue and select.kevent share. */
#ifndef IOMUX_KQUEUE_H
#define IOMUX_KQUEUE_H

#include "object.h"

typedef struct {
    PyObject_HEAD
    iomux_kevent event;
} Kevent;

/* kevent_of returns a new object for an event, or NULL with an exception. */
PyObject *kevent_of(PyTypeObject *type, const iomux_kevent *event);

int add_kevent(PyObject *module);

PyObject *kqueue_control(Object *self, PyObject *const *args, Py_ssize_t count);

extern const char kqueue_control_doc[];

#endif
