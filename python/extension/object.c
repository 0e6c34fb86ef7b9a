/* The life cycle that epoll, kqueue and devpoll objects share. */
#include "object.h"

#include <unistd.h>

/* is_foreign reports whether another process made or adopted the object. */
static int
is_foreign(Object *self)
{
    return self->generation != core.generation;
}

static int
core_has(Object *self)
{
    return core.works && self->object != NULL && !is_foreign(self);
}

int
object_is_closed(Object *self)
{
    return self->fd < 0 || self->kind->in_child == CLOSED && is_foreign(self);
}

static Object *
allocate(PyTypeObject *type, const struct kind *kind, int fd)
{
    Object *self = (Object *)type->tp_alloc(type, 0); /* zeroed */
    if (self != NULL) {
        self->kind = kind;
        self->fd = fd;
        self->fd_to_close = -1;
        self->generation = core.generation;
    }
    return self;
}

PyObject *
object_new(PyTypeObject *type, const struct kind *kind)
{
    Object *self = core_use() < 0 ? NULL : allocate(type, kind, -1);
    if (self == NULL) {
        return NULL;
    }
    GoUintptr object;
    GoInt32 fd;
    int code = (*kind->new)(&object, &fd);
    if (code != 0) {
        Py_DECREF(self);
        return raise_code(code);
    }
    self->fd = fd;
    self->object = (void *)object;
    return (PyObject *)self;
}

PyObject *
object_fromfd(PyTypeObject *type, const struct kind *kind, PyObject *number)
{
    int fd;
    if (to_int(number, &fd) < 0) {
        return NULL;
    }
    if (fd == -1) { /* the original makes a new object of -1 */
        return object_new(type, kind);
    }
    if (fd < 0) {
        return raise_code(EBADF);
    }
    return (PyObject *)allocate(type, kind, fd);
}

int
object_use(Object *self)
{
    if (object_is_closed(self)) {
        return IOMUX_CLOSED;
    }
    if (self->kind->in_child == REFUSED && is_foreign(self)) {
        return EACCES;
    }
    if (core_use() < 0) {
        return -1;
    }
    if (core_has(self)) {
        return 0;
    }
    GoUintptr object;
    int code = (*self->kind->adopt)(self->fd, &object);
    if (code == 0) {
        self->object = (void *)object;
        self->generation = core.generation;
    }
    return code;
}

PyObject *
object_raise(Object *self, int code)
{
    if (code < 0) {
        return NULL;
    }
    if (code == IOMUX_CLOSED) {
        return PyErr_Format(PyExc_ValueError, "I/O operation on closed %s object", self->kind->name);
    }
    return raise_code(code);
}

int
object_failed(Object *self, int code)
{
    if (code == EINTR) {
        return INTERRUPTED;
    }
    object_raise(self, code);
    return -1;
}

/* release closes the descriptor. The core wakes the threads that wait in it. If the core does not
   know the object, no thread waits. */
static void
release(Object *self)
{
    int known = core_has(self), fd = self->fd_to_close;
    self->fd_to_close = -1;
    Py_BEGIN_ALLOW_THREADS
    if (known) {
        (*self->kind->close)(self->object);
    }
    else {
        close(fd);
    }
    Py_END_ALLOW_THREADS
}

static void
end(Object *self)
{
    if (self->fd < 0) {
        return;
    }
    self->fd_to_close = self->fd;
    self->fd = -1;
    if (self->users == 0 || self->users_in != core.generation) {
        release(self);
    }
}

void
object_begin(Object *self)
{
    if (self->users_in != core.generation) {
        self->users_in = core.generation;
        self->users = 0;
    }
    self->users++;
}

void
object_end(Object *self)
{
    if (--self->users == 0 && self->fd_to_close >= 0) {
        release(self);
    }
}

void
object_dealloc(Object *self)
{
    PyTypeObject *type = Py_TYPE(self);
    end(self);
    if (core_has(self)) {
        core.forget(self->object);
    }
    type->tp_free(self);
    Py_DECREF(type);
}

PyObject *
object_close(Object *self, PyObject *unused)
{
    (void)unused;
    end(self);
    Py_RETURN_NONE;
}

PyObject *
object_fileno(Object *self, PyObject *unused)
{
    (void)unused;
    return object_is_closed(self) ? object_raise(self, IOMUX_CLOSED) : PyLong_FromLong(self->fd);
}

PyObject *
object_enter(Object *self, PyObject *unused)
{
    (void)unused;
    return object_is_closed(self) ? object_raise(self, IOMUX_CLOSED) : Py_NewRef(self);
}

PyObject *
object_exit(Object *self, PyObject *const *args, Py_ssize_t count)
{
    (void)args;
    return check_count("__exit__", count, 0, 3) < 0 ? NULL : object_close(self, NULL);
}

PyObject *
object_get_closed(Object *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(object_is_closed(self));
}
