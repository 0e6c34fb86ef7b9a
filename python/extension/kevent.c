/* The type select.kevent. */
#include "kqueue.h"

#include <stddef.h>
#include <structmember.h>

_Static_assert(sizeof(long) == sizeof(int64_t), "the members are long");

PyDoc_STRVAR(kevent_doc, "select.kevent(ident, filter=KQ_FILTER_READ, flags=KQ_EV_ADD, fflags=0, data=0, udata=0)\n"
                         "\n"
                         "A change for a kqueue, or an event that it reports.\n"
                         "\n"
                         "ident is an integer, or an object with a method fileno(). The attributes have\n"
                         "the names of the arguments.");

static int
kevent_init(Kevent *self, PyObject *args, PyObject *names)
{
    static char *keywords[] = {"ident", "filter", "flags", "fflags", "data", "udata", NULL};
    /* KQ_FILTER_READ and KQ_EV_ADD, the same on every system */
    short filter = -1;
    unsigned short flags = 1;
    unsigned int fflags = 0;
    long data = 0;
    unsigned long udata = 0;
    PyObject *object;
    if (!PyArg_ParseTupleAndKeywords(args, names, "O|hHIlk:kevent", keywords, &object, &filter, &flags, &fflags, &data,
                                     &udata)) {
        return -1;
    }
    unsigned long ident =
        PyLong_Check(object) ? PyLong_AsUnsignedLong(object) : (unsigned long)PyObject_AsFileDescriptor(object);
    if (PyErr_Occurred()) {
        return -1;
    }
    self->event = (iomux_kevent){ident, filter, flags, fflags, data, udata};
    return 0;
}

static PyObject *
kevent_repr(Kevent *self)
{
    const iomux_kevent *e = &self->event;
    char text[200];
    snprintf(text, sizeof text, "<select.kevent ident=%lu filter=%d flags=0x%x fflags=0x%x data=0x%lx udata=0x%lx>",
             (unsigned long)e->ident, e->filter, e->flags, e->fflags, (unsigned long)e->data, (unsigned long)e->udata);
    return PyUnicode_FromString(text);
}

#define ORDER(a, b) ((a) < (b) ? -1 : (a) > (b))

/* compare returns a negative number, zero or a positive number. It compares the members in their
   order, and udata as a signed number. */
static int
compare(const iomux_kevent *a, const iomux_kevent *b)
{
    const int orders[] = {
        ORDER(a->ident, b->ident),
        ORDER(a->filter, b->filter),
        ORDER(a->flags, b->flags),
        ORDER(a->fflags, b->fflags),
        ORDER(a->data, b->data),
        ORDER((int64_t)a->udata, (int64_t)b->udata),
    };
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        if (orders[i] != 0) {
            return orders[i];
        }
    }
    return 0;
}

static PyObject *
kevent_compare(PyObject *self, PyObject *other, int operation)
{
    if (!Py_IS_TYPE(other, Py_TYPE(self))) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    Py_RETURN_RICHCOMPARE(compare(&((Kevent *)self)->event, &((Kevent *)other)->event), 0, operation);
}

PyObject *
kevent_of(PyTypeObject *type, const iomux_kevent *event)
{
    Kevent *self = PyObject_New(Kevent, type);
    if (self != NULL) {
        self->event = *event;
    }
    return (PyObject *)self;
}

static void
kevent_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef members[] = {
    {"ident", T_ULONG, offsetof(Kevent, event.ident), 0, "The object of the event."},
    {"filter", T_SHORT, offsetof(Kevent, event.filter), 0, "The kind of event: KQ_FILTER_*."},
    {"flags", T_USHORT, offsetof(Kevent, event.flags), 0, "The action of a change, or the state of an event: KQ_EV_*."},
    {"fflags", T_UINT, offsetof(Kevent, event.fflags), 0, "Flags of the filter: KQ_NOTE_*."},
    {"data", T_LONG, offsetof(Kevent, event.data), 0, "A value of the filter, or an errno with KQ_EV_ERROR."},
    {"udata", T_ULONG, offsetof(Kevent, event.udata), 0, "Data of the program, which events return unchanged."},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_dealloc, kevent_dealloc},
    {Py_tp_doc, (void *)kevent_doc},
    {Py_tp_getattro, PyObject_GenericGetAttr},
    {Py_tp_init, kevent_init},
    {Py_tp_members, members},
    {Py_tp_new, PyType_GenericNew},
    {Py_tp_repr, kevent_repr},
    {Py_tp_richcompare, kevent_compare},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "select.kevent",
    .basicsize = sizeof(Kevent),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = slots,
};

int
add_kevent(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
    if (type == NULL) {
        return -1;
    }
    state_of(module)->kevent_type = (PyTypeObject *)type;
    return PyModule_AddObjectRef(module, "kevent", type);
}
