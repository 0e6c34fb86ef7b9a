/* select.kqueue: its objects, from their birth to their end. */
#include "kqueue.h"

#include <unistd.h>

int
kqueue_use(Kqueue *self)
{
    if (core_use() < 0) {
        return -1;
    }
    if (kqueue_is_closed(self)) {
        return IOMUX_CLOSED;
    }
    if (self->object != NULL) {
        return 0;
    }
    GoUintptr object;
    int code = core.kqueue_adopt(self->fd, &object);
    if (code == 0) {
        self->object = (void *)object;
    }
    return code;
}

static Kqueue *
allocate(PyTypeObject *type, int fd)
{
    Kqueue *self = (Kqueue *)type->tp_alloc(type, 0); /* zeroed */
    if (self != NULL) {
        self->fd = fd;
        self->generation = core.generation;
    }
    return self;
}

static PyObject *
create(PyTypeObject *type)
{
    Kqueue *self = core_use() < 0 ? NULL : allocate(type, -1);
    if (self == NULL) {
        return NULL;
    }
    GoUintptr object;
    GoInt32 fd;
    int code = core.kqueue_new(&object, &fd);
    if (code != 0) {
        Py_DECREF(self);
        return raise_code(code);
    }
    self->fd = fd;
    self->object = (void *)object;
    return (PyObject *)self;
}

PyDoc_STRVAR(kqueue_doc, "kqueue()\n"
                         "--\n"
                         "\n"
                         "A kqueue object, which tells of descriptors, files, processes, signals and\n"
                         "timers.");

static PyObject *
kqueue_new(PyTypeObject *type, PyObject *args, PyObject *names)
{
    static char *keywords[] = {NULL};
    return PyArg_ParseTupleAndKeywords(args, names, ":kqueue", keywords) ? create(type) : NULL;
}

PyDoc_STRVAR(fromfd_doc, "fromfd($type, fd, /)\n"
                         "--\n"
                         "\n"
                         "Make a kqueue object of the descriptor of a kqueue, and take it over.");

static PyObject *
kqueue_fromfd(PyObject *type, PyObject *object)
{
    int fd;
    if (to_int(object, &fd) < 0) {
        return NULL;
    }
    if (fd == -1) { /* to the original, -1 means a new one */
        return create((PyTypeObject *)type);
    }
    if (fd < 0) {
        return raise_code(EBADF);
    }
    return (PyObject *)allocate((PyTypeObject *)type, fd);
}

/* close_kqueue closes the descriptor, through the core where it knows it: that wakes those who wait in it. A child gives back
   the number that it inherited. */
static void
close_kqueue(Kqueue *self)
{
    int fd = self->fd, through_core = core.works && self->object != NULL && !kqueue_is_closed(self);
    if (fd < 0) {
        return;
    }
    self->fd = -1;
    Py_BEGIN_ALLOW_THREADS
    if (through_core) {
        core.kqueue_close(self->object);
    }
    else {
        close(fd);
    }
    Py_END_ALLOW_THREADS
}

PyDoc_STRVAR(close_doc, "close($self, /)\n"
                        "--\n"
                        "\n"
                        "Close the descriptor of the kqueue. Every other method is a ValueError then.");

static PyObject *
kqueue_close(Kqueue *self, PyObject *unused)
{
    (void)unused;
    close_kqueue(self);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(fileno_doc, "fileno($self, /)\n"
                         "--\n"
                         "\n"
                         "The descriptor of the kqueue.");

static PyObject *
kqueue_fileno(Kqueue *self, PyObject *unused)
{
    (void)unused;
    return kqueue_is_closed(self) ? raise_closed("kqueue") : PyLong_FromLong(self->fd);
}

static PyObject *
kqueue_closed(Kqueue *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(kqueue_is_closed(self));
}

static void
kqueue_dealloc(Kqueue *self)
{
    PyTypeObject *type = Py_TYPE(self);
    close_kqueue(self);
    if (core.works && self->object != NULL && self->generation == core.generation) {
        core.forget(self->object);
    }
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"fromfd", kqueue_fromfd, METH_O | METH_CLASS, fromfd_doc},
    {"close", (PyCFunction)kqueue_close, METH_NOARGS, close_doc},
    {"fileno", (PyCFunction)kqueue_fileno, METH_NOARGS, fileno_doc},
    {"control", _PyCFunction_CAST(kqueue_control), METH_FASTCALL, kqueue_control_doc},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef attributes[] = {
    {"closed", (getter)kqueue_closed, NULL, "Whether the kqueue is closed.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_dealloc, kqueue_dealloc},
    {Py_tp_doc, (void *)kqueue_doc},
    {Py_tp_getattro, PyObject_GenericGetAttr},
    {Py_tp_getset, attributes},
    {Py_tp_methods, methods},
    {Py_tp_new, kqueue_new},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "select.kqueue",
    .basicsize = sizeof(Kqueue),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = slots,
};

static int
add_numbers(PyObject *module)
{
    GoUint8 name[32];
    GoInt64 value;
    for (int i = 0; core.kqueue_constant(i, name, sizeof name, &value); i++) {
        PyObject *number = PyLong_FromLongLong(value);
        int result = number == NULL ? -1 : PyModule_AddObjectRef(module, (char *)name, number);
        Py_XDECREF(number);
        if (result < 0) {
            return -1;
        }
    }
    return 0;
}

int
add_kqueue(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
    if (type == NULL) {
        return -1;
    }
    int result = PyModule_AddObjectRef(module, "kqueue", type);
    Py_DECREF(type);
    return result < 0 || add_kevent(module) < 0 ? -1 : add_numbers(module);
}
