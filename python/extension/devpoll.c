/* The function select.devpoll and its objects. */
#include "object.h"

#include <poll.h>

typedef struct {
    Object base;
    iomux_polled *polled; /* room for events, between two polls; NULL while a poll uses it */
    int room;
} Devpoll;

static const struct kind devpoll = {"devpoll", REFUSED, &core.devpoll_new, NULL, &core.devpoll_close};

/* change registers or modifies a descriptor. */
static PyObject *
change(Devpoll *self, const char *name, int registers, PyObject *const *args, Py_ssize_t count)
{
    unsigned short events = POLLIN | POLLPRI | POLLOUT;
    if (check_count(name, count, 1, 2) < 0) {
        return NULL;
    }
    int fd = PyObject_AsFileDescriptor(args[0]);
    if (fd < 0 || count > 1 && to_unsigned_short(args[1], &events) < 0) {
        return NULL;
    }
    int code = object_use(&self->base);
    if (code == 0) {
        void *object = self->base.object;
        code = registers ? core.devpoll_register(object, fd, events) : core.devpoll_modify(object, fd, events);
    }
    if (code != 0) {
        return object_raise(&self->base, code);
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(register_doc, "register($self, fd,\n"
                           "         eventmask=select.POLLIN | select.POLLPRI | select.POLLOUT, /)\n"
                           "--\n"
                           "\n"
                           "Register a descriptor for poll().\n"
                           "\n"
                           "fd is an integer, or an object with a method fileno(). eventmask is the events\n"
                           "to wait for. Registering fd again replaces the mask.");

static PyObject *
devpoll_register(Devpoll *self, PyObject *const *args, Py_ssize_t count)
{
    return change(self, "register", 1, args, count);
}

PyDoc_STRVAR(modify_doc, "modify($self, fd,\n"
                         "       eventmask=select.POLLIN | select.POLLPRI | select.POLLOUT, /)\n"
                         "--\n"
                         "\n"
                         "Unregister a descriptor and register it again.");

static PyObject *
devpoll_modify(Devpoll *self, PyObject *const *args, Py_ssize_t count)
{
    return change(self, "modify", 0, args, count);
}

PyDoc_STRVAR(unregister_doc, "unregister($self, fd, /)\n"
                             "--\n"
                             "\n"
                             "Unregister a descriptor. A descriptor that is not registered is ignored.");

static PyObject *
devpoll_unregister(Devpoll *self, PyObject *object)
{
    int fd = PyObject_AsFileDescriptor(object);
    if (fd < 0) {
        return NULL;
    }
    int code = object_use(&self->base);
    if (code == 0) {
        code = core.devpoll_unregister(self->base.object, fd);
    }
    if (code != 0) {
        return object_raise(&self->base, code);
    }
    Py_RETURN_NONE;
}

/* take_room returns the object's room for events, or new room if that is too small or in use. */
static iomux_polled *
take_room(Devpoll *self, int *room)
{
    iomux_polled *polled = self->polled;
    if (polled != NULL && self->room >= *room) {
        self->polled = NULL;
        *room = self->room;
        return polled;
    }
    *room += *room / 2;
    polled = PyMem_New(iomux_polled, *room);
    if (polled == NULL) {
        PyErr_NoMemory();
    }
    return polled;
}

static void
give_back(Devpoll *self, iomux_polled *polled, int room)
{
    if (self->polled == NULL || self->room < room) {
        PyMem_Free(self->polled);
        self->polled = polled;
        self->room = room;
    }
    else {
        PyMem_Free(polled);
    }
}

/* A poll() that writes to polled, which has the given room. */
struct call {
    Devpoll *self;
    iomux_polled *polled;
    int room;
};

static int
poll_once(void *call, nanoseconds left)
{
    struct call *c = call;
    /* Each time, because a signal handler may fork or close the object. */
    int code = object_use(&c->self->base);
    if (code == 0) {
        void *object = c->self->base.object;
        int n;
        Py_BEGIN_ALLOW_THREADS
        n = core.devpoll_poll(object, c->polled, c->room, left);
        Py_END_ALLOW_THREADS
        if (n >= 0) {
            return n;
        }
        code = -n;
    }
    return object_failed(&c->self->base, code);
}

static PyObject *
collect(const iomux_polled *polled, int n)
{
    PyObject *list = PyList_New(n);
    for (int i = 0; list != NULL && i < n; i++) {
        PyObject *pair = pair_of(polled[i].fd, polled[i].events);
        if (pair == NULL) {
            Py_CLEAR(list);
            break;
        }
        PyList_SET_ITEM(list, i, pair);
    }
    return list;
}

PyDoc_STRVAR(poll_doc, "poll($self, timeout=None, /)\n"
                       "--\n"
                       "\n"
                       "Wait until a registered descriptor is ready.\n"
                       "\n"
                       "timeout is in milliseconds. None and -1 wait without a limit, and 0 does not\n"
                       "wait. Return a list of (fd, event) tuples, which is empty after a timeout.");

static PyObject *
devpoll_poll(Devpoll *self, PyObject *const *args, Py_ssize_t count)
{
    nanoseconds timeout;
    if (check_count("poll", count, 0, 1) < 0) {
        return NULL;
    }
    if (object_is_closed(&self->base)) {
        return object_raise(&self->base, IOMUX_CLOSED);
    }
    if (devpoll_timeout(count > 0 ? args[0] : NULL, &timeout) < 0) {
        return NULL;
    }
    int code = object_use(&self->base);
    if (code != 0) {
        return object_raise(&self->base, code);
    }
    int room = core.devpoll_length(self->base.object) + 1; /* the core refuses 0 */
    iomux_polled *polled = take_room(self, &room);
    if (polled == NULL) {
        return NULL;
    }
    int n = wait_for(poll_once, &(struct call){self, polled, room}, timeout);
    PyObject *result = n < 0 ? NULL : collect(polled, n);
    give_back(self, polled, room);
    return result;
}

static void
devpoll_dealloc(Devpoll *self)
{
    PyMem_Free(self->polled);
    object_dealloc(&self->base);
}

static PyMethodDef methods[] = {
    {"register", _PyCFunction_CAST(devpoll_register), METH_FASTCALL, register_doc},
    {"modify", _PyCFunction_CAST(devpoll_modify), METH_FASTCALL, modify_doc},
    {"unregister", (PyCFunction)devpoll_unregister, METH_O, unregister_doc},
    {"poll", _PyCFunction_CAST(devpoll_poll), METH_FASTCALL, poll_doc},
    CLOSE_METHOD("devpoll"),
    FILENO_METHOD("devpoll"),
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef attributes[] = {
    CLOSED_ATTRIBUTE("devpoll"),
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_dealloc, devpoll_dealloc},
    {Py_tp_getset, attributes},
    {Py_tp_methods, methods},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "select.devpoll",
    .basicsize = sizeof(Devpoll),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

PyDoc_STRVAR(new_doc, "devpoll($module, /)\n"
                      "--\n"
                      "\n"
                      "Return a new devpoll object, which waits for registered descriptors.");

static PyObject *
new_devpoll(PyObject *module, PyObject *unused)
{
    (void)unused;
    return object_new(state_of(module)->devpoll_type, &devpoll);
}

static PyMethodDef functions[] = {
    {"devpoll", new_devpoll, METH_NOARGS, new_doc},
    {NULL, NULL, 0, NULL},
};

int
add_devpoll(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
    if (type == NULL) {
        return -1;
    }
    state_of(module)->devpoll_type = (PyTypeObject *)type;
    return PyModule_AddFunctions(module, functions);
}
