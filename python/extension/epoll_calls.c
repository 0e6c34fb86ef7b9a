/* The methods of select.epoll that register and wait. */
#include "epoll.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/select.h>

/* The largest number of events that the kernel accepts room for. */
#define MOST_EVENTS (INT_MAX / (int)sizeof(struct epoll_event))

/* is_known reports whether the core has registered fd. Then fd is not the epoll's own waker, which
   a direct call must not change. */
static int
is_known(Epoll *self, int fd)
{
    return (size_t)fd < self->known_size && self->known_in == core.generation && self->known[fd];
}

/* remember makes fd known. If there is no memory, fd stays unknown, and its calls use the core. */
static void
remember(Epoll *self, int fd)
{
    if (self->known_in != core.generation) {
        self->known_in = core.generation;
        self->known_size = 0;
    }
    if ((size_t)fd >= self->known_size) {
        size_t size = fd < 32 ? 64 : 2 * (size_t)fd;
        unsigned char *known = PyMem_Realloc(self->known, size);
        if (known == NULL) {
            return;
        }
        memset(known + self->known_size, 0, size - self->known_size);
        self->known = known;
        self->known_size = size;
    }
    self->known[fd] = 1;
}

static int
change_direct(Epoll *self, int operation, int fd, unsigned int events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    int epfd = self->base.fd, code;
    object_begin(&self->base);
    Py_BEGIN_ALLOW_THREADS
    code = epoll_ctl(epfd, operation, fd, &event) < 0 ? errno : 0;
    Py_END_ALLOW_THREADS
    object_end(&self->base);
    return code;
}

static int
change_by_core(Epoll *self, int operation, int fd, unsigned int events)
{
    void *object = self->base.object;
    int code;
    Py_BEGIN_ALLOW_THREADS
    code = operation == EPOLL_CTL_ADD   ? core.epoll_register(object, fd, events)
           : operation == EPOLL_CTL_MOD ? core.epoll_modify(object, fd, events)
                                        : core.epoll_unregister(object, fd);
    Py_END_ALLOW_THREADS
    if (code == 0 && operation == EPOLL_CTL_ADD) {
        remember(self, fd);
    }
    return code;
}

/* change registers, modifies or unregisters. It returns None, or raises an exception. */
static PyObject *
change(Epoll *self, int operation, PyObject *object_with_fd, PyObject *mask)
{
    unsigned int events = EPOLLIN | EPOLLPRI | EPOLLOUT;
    int fd = PyObject_AsFileDescriptor(object_with_fd);
    if (fd < 0 || mask != NULL && to_unsigned_int(mask, &events) < 0) {
        return NULL;
    }
    int code = object_use(&self->base);
    if (code == 0) {
        code = direct_calls && is_known(self, fd) ? change_direct(self, operation, fd, events)
                                                  : change_by_core(self, operation, fd, events);
    }
    if (code == EINVAL && fcntl(fd, F_GETFD) < 0) {
        code = EBADF; /* the kernel looks at fd before it finds that the object is not an epoll */
    }
    if (code != 0) {
        return object_raise(&self->base, code);
    }
    Py_RETURN_NONE;
}

const char epoll_register_doc[] =
    "register($self, /, fd,\n"
    "         eventmask=select.EPOLLIN | select.EPOLLPRI | select.EPOLLOUT)\n"
    "--\n"
    "\n"
    "Register a descriptor for poll().\n"
    "\n"
    "fd is an integer, or an object with a method fileno(). eventmask is the events\n"
    "to wait for, and flags.";

PyObject *
epoll_register(Epoll *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keywords[] = {"fd", "eventmask", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "register"};
    PyObject *values[2];
    return spread(&parser, 1, 2, args, count, names, values) < 0 ? NULL : change(self, EPOLL_CTL_ADD, values[0], values[1]);
}

const char epoll_modify_doc[] =
    "modify($self, /, fd, eventmask)\n"
    "--\n"
    "\n"
    "Replace the mask of a registered descriptor.";

PyObject *
epoll_modify(Epoll *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keywords[] = {"fd", "eventmask", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "modify"};
    PyObject *values[2];
    return spread(&parser, 2, 2, args, count, names, values) < 0 ? NULL : change(self, EPOLL_CTL_MOD, values[0], values[1]);
}

const char epoll_unregister_doc[] =
    "unregister($self, /, fd)\n"
    "--\n"
    "\n"
    "Unregister a descriptor.";

PyObject *
epoll_unregister(Epoll *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keywords[] = {"fd", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "unregister"};
    PyObject *value;
    return spread(&parser, 1, 1, args, count, names, &value) < 0 ? NULL : change(self, EPOLL_CTL_DEL, value, NULL);
}

/* look_direct calls epoll_wait(2) with timeout 0. It returns a count or a negative code. */
static int
look_direct(Epoll *self, struct epoll_event *events, int room)
{
    int epfd = self->base.fd, n, kept = 0;
    object_begin(&self->base);
    Py_BEGIN_ALLOW_THREADS
    n = epoll_wait(epfd, events, room, 0);
    if (n < 0) {
        n = -errno;
    }
    Py_END_ALLOW_THREADS
    object_end(&self->base);
    for (int i = 0; i < n; i++) {
        if (events[i].data.u64 != IOMUX_EPOLL_WAKER) {
            events[kept++] = events[i];
        }
    }
    return n < 0 ? n : kept == 0 && self->base.fd < 0 ? -IOMUX_CLOSED : kept;
}

static int
wait_by_core(Epoll *self, struct epoll_event *events, int room, nanoseconds timeout)
{
    void *object = self->base.object;
    int n;
    Py_BEGIN_ALLOW_THREADS
    n = core.epoll_poll(object, events, room, timeout);
    Py_END_ALLOW_THREADS
    return n;
}

/* A poll() that writes to events, which has the given room. */
struct call {
    Epoll *self;
    struct epoll_event *events;
    int room;
    int again; /* not the first attempt */
};

static int
poll_once(void *call, nanoseconds left)
{
    struct call *c = call;
    Object *object = &c->self->base;
    if (c->again++ && object->fd < 0) { /* closed by a signal handler */
        return failed(EBADF);
    }
    int code = object_use(object); /* each time, because a signal handler may have forked */
    if (code == 0) {
        int n = left == 0 && direct_calls ? look_direct(c->self, c->events, c->room)
                                          : wait_by_core(c->self, c->events, c->room, left);
        if (n >= 0) {
            return n;
        }
        code = -n;
    }
    return object_failed(object, code);
}

static PyObject *
collect(const struct epoll_event *events, int n)
{
    PyObject *list = PyList_New(n);
    for (int i = 0; list != NULL && i < n; i++) {
        PyObject *pair = pair_of(events[i].data.fd, events[i].events);
        if (pair == NULL) {
            Py_CLEAR(list);
            break;
        }
        PyList_SET_ITEM(list, i, pair);
    }
    return list;
}

/* take_room returns the object's room for events, or new room if that is too small or in use. */
static struct epoll_event *
take_room(Epoll *self, int room)
{
    struct epoll_event *events = self->room;
    if (events != NULL && self->room_for >= room) {
        self->room = NULL;
        return events;
    }
    events = PyMem_New(struct epoll_event, room);
    if (events == NULL) {
        PyErr_NoMemory();
    }
    return events;
}

/* give_back keeps room of an ordinary size for the next poll(). */
static void
give_back(Epoll *self, struct epoll_event *events, int room)
{
    if (self->room == NULL && room < FD_SETSIZE) {
        self->room = events;
        self->room_for = room;
    }
    else {
        PyMem_Free(events);
    }
}

const char epoll_poll_doc[] =
    "poll($self, /, timeout=None, maxevents=-1)\n"
    "--\n"
    "\n"
    "Wait until a registered descriptor is ready.\n"
    "\n"
    "timeout is in seconds. None and negative numbers wait without a limit, and 0\n"
    "does not wait. maxevents is the largest number of events to return, and -1 the\n"
    "default. Return a list of (fd, events) tuples, which is empty after a timeout.";

PyObject *
epoll_poll(Epoll *self, PyObject *const *args, Py_ssize_t count, PyObject *names)
{
    static const char *const keywords[] = {"timeout", "maxevents", NULL};
    static _PyArg_Parser parser = {.keywords = keywords, .fname = "poll"};
    PyObject *values[2];
    int room = -1;
    nanoseconds timeout;
    if (spread(&parser, 0, 2, args, count, names, values) < 0 || values[1] != NULL && to_int(values[1], &room) < 0) {
        return NULL;
    }
    if (object_is_closed(&self->base)) {
        return object_raise(&self->base, IOMUX_CLOSED);
    }
    if (epoll_timeout(values[0], &timeout) < 0) {
        return NULL;
    }
    if (room == -1) {
        room = FD_SETSIZE - 1;
    }
    else if (room < 1) {
        return PyErr_Format(PyExc_ValueError, "maxevents must be greater than 0, got %d", room);
    }
    struct epoll_event *events = take_room(self, room);
    if (events == NULL) {
        return NULL;
    }
    PyObject *result = NULL;
    if (room > MOST_EVENTS) {
        raise_code(EINVAL); /* the kernel refuses it, but the package would use less room */
    }
    else {
        int n = wait_for(poll_once, &(struct call){self, events, room, 0}, timeout);
        result = n < 0 ? NULL : collect(events, n);
    }
    give_back(self, events, room);
    return result;
}
