/* The type select.kqueue. */
#include "kqueue.h"

static const struct kind kqueue = {"kqueue", CLOSED, &core.kqueue_new, &core.kqueue_adopt, &core.kqueue_close};

PyDoc_STRVAR(kqueue_doc, "kqueue()\n"
                         "--\n"
                         "\n"
                         "A kqueue object, which reports events of descriptors, files, processes, signals\n"
                         "and timers.");

static PyObject *
kqueue_new(PyTypeObject *type, PyObject *args, PyObject *names)
{
    static char *keywords[] = {NULL};
    return PyArg_ParseTupleAndKeywords(args, names, ":kqueue", keywords) ? object_new(type, &kqueue) : NULL;
}

PyDoc_STRVAR(fromfd_doc, "fromfd($type, fd, /)\n"
                         "--\n"
                         "\n"
                         "Return a kqueue object that takes over the descriptor of a kqueue.");

static PyObject *
kqueue_fromfd(PyObject *type, PyObject *number)
{
    return object_fromfd((PyTypeObject *)type, &kqueue, number);
}

static PyMethodDef methods[] = {
    {"fromfd", kqueue_fromfd, METH_O | METH_CLASS, fromfd_doc},
    CLOSE_METHOD("kqueue"),
    FILENO_METHOD("kqueue"),
    {"control", _PyCFunction_CAST(kqueue_control), METH_FASTCALL, kqueue_control_doc},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef attributes[] = {
    CLOSED_ATTRIBUTE("kqueue"),
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_dealloc, object_dealloc},
    {Py_tp_doc, (void *)kqueue_doc},
    {Py_tp_getattro, PyObject_GenericGetAttr},
    {Py_tp_getset, attributes},
    {Py_tp_methods, methods},
    {Py_tp_new, kqueue_new},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "select.kqueue",
    .basicsize = sizeof(Object),
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
