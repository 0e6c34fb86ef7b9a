"""The names that IOMUX_SELECT_WITH adds."""

import unittest

from child import run

NAMES = "import select; print(' '.join(sorted(name for name in dir(select) if not name.startswith('_'))))"
KQUEUE = """
kevent kqueue
KQ_FILTER_READ KQ_FILTER_WRITE KQ_FILTER_AIO KQ_FILTER_VNODE KQ_FILTER_PROC KQ_FILTER_NETDEV KQ_FILTER_SIGNAL KQ_FILTER_TIMER
KQ_EV_ADD KQ_EV_DELETE KQ_EV_ENABLE KQ_EV_DISABLE KQ_EV_ONESHOT KQ_EV_CLEAR KQ_EV_SYSFLAGS KQ_EV_FLAG1 KQ_EV_EOF KQ_EV_ERROR
KQ_NOTE_LOWAT KQ_NOTE_DELETE KQ_NOTE_WRITE KQ_NOTE_EXTEND KQ_NOTE_ATTRIB KQ_NOTE_LINK KQ_NOTE_RENAME KQ_NOTE_REVOKE
KQ_NOTE_EXIT KQ_NOTE_FORK KQ_NOTE_EXEC KQ_NOTE_PCTRLMASK KQ_NOTE_PDATAMASK KQ_NOTE_TRACK KQ_NOTE_CHILD KQ_NOTE_TRACKERR
KQ_NOTE_LINKUP KQ_NOTE_LINKDOWN KQ_NOTE_LINKINV
"""


class Extra(unittest.TestCase):
    def added(self, extra):
        """Returns the names that the variable adds, and checks that it removes none."""
        before, after = set(run(NAMES).split()), set(run(NAMES, extra=extra).split())
        self.assertEqual(before - after, set())
        return after - before

    def test_empty_values_add_nothing(self):
        for extra in ("", " ", ",", " , ,"):
            self.assertEqual(self.added(extra), set())

    def test_kqueue(self):
        for extra in ("kqueue", " kqueue ,", "kqueue kqueue"):
            self.assertEqual(self.added(extra), set(KQUEUE.split()))

    def test_devpoll(self):
        self.assertEqual(self.added("devpoll"), {"devpoll"})
        self.assertEqual(self.added("devpoll,kqueue"), set(KQUEUE.split()) | {"devpoll"})

    def test_unknown_names_are_refused(self):
        for extra in ("kqeue", "kqueue,kqueue2", "kqueu", "KQUEUE", "kqueue;"):
            word = extra.split(",")[-1]
            code = "try:\n    import select\nexcept ImportError as error:\n    print(error)"
            self.assertEqual(run(code, extra=extra), f"select: unknown name in IOMUX_SELECT_WITH: {word}")

    def test_default_selector_and_event_loop(self):
        code = "import selectors, asyncio; print(selectors.DefaultSelector.__name__)"
        self.assertEqual(run(code, extra="kqueue"), "KqueueSelector")
        self.assertEqual(run(code, extra="devpoll"), "EpollSelector")
        self.assertEqual(run(code), "EpollSelector")
