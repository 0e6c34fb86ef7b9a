/* The method control of select.kqueue. */
#include "kqueue.h"

#include <limits.h>

/* A list of events. Short lists are stored in some. */
struct events {
    iomux_kevent *list;
    iomux_kevent some[16];
};

static int
make_room(struct events *events, int count)
{
    events->list = events->some;
    if ((size_t)count > sizeof events->some / sizeof *events->some) {
        events->list = PyMem_New(iomux_kevent, count);
    }
    if (events->list == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

static void
end(struct events *events)
{
    if (events->list != events->some) {
        PyMem_Free(events->list);
    }
}

/* read_changes fills changes, and returns their number, or -1 with an exception. Call end in both
   cases. */
static int
read_changes(Object *self, PyObject *object, struct events *changes)
{
    changes->list = changes->some;
    if (object == Py_None) {
        return 0;
    }
    PyObject *sequence = PySequence_Fast(object, "changelist is not iterable");
    if (sequence == NULL) {
        return -1;
    }
    int count = -1;
    PyTypeObject *type = ((struct state *)PyType_GetModuleState(Py_TYPE(self)))->kevent_type;
    if (PySequence_Fast_GET_SIZE(sequence) > INT_MAX) {
        PyErr_SetString(PyExc_OverflowError, "changelist is too long");
    }
    else if (make_room(changes, PySequence_Fast_GET_SIZE(sequence)) == 0) {
        count = PySequence_Fast_GET_SIZE(sequence);
    }
    for (int i = 0; i < count; i++) {
        PyObject *change = PySequence_Fast_GET_ITEM(sequence, i);
        if (!Py_IS_TYPE(change, type)) {
            PyErr_SetString(PyExc_TypeError, "changelist must be an iterable of select.kevent objects");
            count = -1;
            break;
        }
        changes->list[i] = ((Kevent *)change)->event;
    }
    Py_DECREF(sequence);
    return count;
}

/* The arguments of control(). */
struct control {
    Object *self;
    iomux_kevent *changes;
    int count;
    iomux_kevent *events;
    int room;
};

static int
control(void *call, nanoseconds left)
{
    struct control *c = call;
    int code = object_use(c->self);
    if (code == 0) {
        void *object = c->self->object;
        int n;
        Py_BEGIN_ALLOW_THREADS
        n = core.kqueue_control(object, c->changes, c->count, c->events, c->room, left);
        Py_END_ALLOW_THREADS
        if (n >= 0) {
            return n;
        }
        c->count = 0; /* the changes are made, because only waits are interrupted */
        code = -n;
    }
    return object_failed(c->self, code);
}

static PyObject *
collect(PyTypeObject *type, const iomux_kevent *events, int n)
{
    PyObject *list = PyList_New(n);
    for (int i = 0; list != NULL && i < n; i++) {
        PyObject *event = kevent_of(type, &events[i]);
        if (event == NULL) {
            Py_CLEAR(list);
            break;
        }
        PyList_SET_ITEM(list, i, event);
    }
    return list;
}

const char kqueue_control_doc[] =
    "control($self, changelist, maxevents, timeout=None, /)\n"
    "--\n"
    "\n"
    "Make changes and wait for events.\n"
    "\n"
    "changelist is an iterable of kevent objects, or None. maxevents is the largest\n"
    "number of events to return; 0 does not wait. timeout is in seconds. None waits\n"
    "without a limit, and 0 does not wait. Return a list of kevent objects, which is\n"
    "empty after a timeout. A failed change is an event with KQ_EV_ERROR, or an\n"
    "OSError if there is no room for it.";

PyObject *
kqueue_control(Object *self, PyObject *const *args, Py_ssize_t count)
{
    int room;
    nanoseconds timeout;
    if (check_count("control", count, 2, 3) < 0 || to_int(args[1], &room) < 0) {
        return NULL;
    }
    if (object_is_closed(self)) {
        return object_raise(self, IOMUX_CLOSED);
    }
    if (room < 0) {
        return PyErr_Format(PyExc_ValueError, "Length of eventlist must be 0 or positive, got %d", room);
    }
    if (kqueue_timeout(count > 2 ? args[2] : NULL, &timeout) < 0) {
        return NULL;
    }
    PyObject *result = NULL;
    struct events changes, events;
    int many = read_changes(self, args[0], &changes);
    if (many >= 0 && make_room(&events, room) == 0) {
        struct control call = {self, changes.list, many, events.list, room};
        int n = wait_for(control, &call, timeout);
        PyTypeObject *type = ((struct state *)PyType_GetModuleState(Py_TYPE(self)))->kevent_type;
        result = n < 0 ? NULL : collect(type, events.list, n);
        end(&events);
    }
    end(&changes);
    return result;
}
