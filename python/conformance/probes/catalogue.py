"""The names of all probes, and the intended differences."""

import about_epoll
import about_module
import about_poll
import about_process
import about_random
import about_select
import about_signals

FILES = (about_module, about_select, about_poll, about_epoll, about_signals, about_process, about_random)


def names():
    return [name.removeprefix("probe_") for file in FILES for name in vars(file) if name.startswith("probe_")]


def file_of(name):
    (file,) = [file.__name__ for file in FILES if "probe_" + name in vars(file)]
    return file


# The answers of the original and of ours.
MEANT_TO_DIFFER = {
    # select(2) ignores descriptors beyond the process's table. The original reports them as ready,
    # ours as closed.
    "select_closed_beyond_the_table": ("([1000], [], [])", "OSError: [Errno 9] Bad file descriptor [errno 9]"),
    # The original's select overflows the smallest stack that Python allows, and crashes.
    "threads_with_the_smallest_stack": ("exit status -11: ", [True, True, True]),
}

# Probes that allocate gigabytes, which the hooks of the development mode would fill.
WITHOUT_HOOKS = ("epoll_maxevents",)
