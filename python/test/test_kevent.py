"""kevent objects, in addition to CPython's tests."""

import copy
import gc
import operator
import pickle
import select
import sys
import unittest
import weakref


class Fileno:
    def __init__(self, number):
        self.number = number

    def fileno(self):
        return self.number


FIELDS = ("ident", "filter", "flags", "fflags", "data", "udata")


def values(event):
    return tuple(getattr(event, field) for field in FIELDS)


class Kevents(unittest.TestCase):
    def test_numbers_are_those_of_freebsd(self):
        self.assertEqual(
            [getattr(select, f"KQ_FILTER_{name}") for name in "READ WRITE AIO VNODE PROC SIGNAL TIMER".split()],
            [-1, -2, -3, -4, -5, -6, -7],
        )
        self.assertLess(select.KQ_FILTER_NETDEV, -100)
        self.assertEqual((select.KQ_EV_ERROR, select.KQ_EV_EOF, select.KQ_EV_SYSFLAGS), (0x4000, 0x8000, 0xF000))
        self.assertEqual((select.KQ_NOTE_EXIT, select.KQ_NOTE_PCTRLMASK), (0x80000000, 0xF0000000))

    def test_arguments(self):
        self.assertEqual(values(select.kevent(3)), (3, select.KQ_FILTER_READ, select.KQ_EV_ADD, 0, 0, 0))
        self.assertEqual(values(select.kevent(Fileno(7), udata=6, data=-5, fflags=4, flags=3, filter=-2)), (7, -2, 3, 4, -5, 6))
        self.assertEqual(values(select.kevent(ident=2**64 - 1, data=-(2**63))), (2**64 - 1, -1, 1, 0, -(2**63), 0))
        # The fields have the widths of FreeBSD. Some are truncated and others refused.
        self.assertEqual(values(select.kevent(0, 0, 0x1FFFF, 2**32 + 5, 0, 2**64 + 6)), (0, 0, 0xFFFF, 5, 0, 6))
        for arguments in ((-1,), (2**64,), (0, 2**15), (0, -(2**15) - 1), (0, 0, 0, 0, 2**63), (0, 0, 0, 0, -(2**63) - 1)):
            self.assertRaises(OverflowError, select.kevent, *arguments)
        for arguments in ((), (None,), ("1",), (1.5,), (Fileno("x"),), (0, "1"), (0, 0, 1.5), (0, 0, 0, None), (0,) * 7):
            self.assertRaises(TypeError, select.kevent, *arguments)
        self.assertRaises(TypeError, select.kevent, 0, note=1)
        self.assertRaises(ValueError, select.kevent, Fileno(-3))

    def test_attributes(self):
        event = select.kevent(1)
        for number, field in enumerate(FIELDS, 2):
            setattr(event, field, number)
        self.assertEqual(values(event), (2, 3, 4, 5, 6, 7))
        for field in FIELDS:
            with self.assertRaises(TypeError):
                setattr(event, field, "1")
            with self.assertRaises(TypeError):
                delattr(event, field)
        with self.assertRaises(AttributeError):
            event.other = 1

    def test_text(self):
        event = select.kevent(10, -6, 0x20, 0x80000000, -1, 2**64 - 1)
        text = "<select.kevent ident=10 filter=-6 flags=0x20 fflags=0x80000000 data=0xffffffffffffffff udata=0xffffffffffffffff>"
        self.assertEqual(repr(event), text)
        self.assertEqual(str(select.kevent(0)), "<select.kevent ident=0 filter=-1 flags=0x1 fflags=0x0 data=0x0 udata=0x0>")

    def test_fields_are_compared_in_order(self):
        for place in range(6):
            low, high = [5] * 6, [5] * 6
            low[place + 1 :] = [9] * (5 - place)
            high[place] = 6
            a, b = select.kevent(*low), select.kevent(*high)
            for compare in (operator.lt, operator.le, operator.eq, operator.ne, operator.ge, operator.gt):
                self.assertEqual((compare(a, b), compare(b, a)), (compare(1, 2), compare(2, 1)))
        # udata is compared as a signed number.
        self.assertLess(select.kevent(1, udata=2**64 - 1), select.kevent(1, udata=0))
        self.assertLess(select.kevent(1, -1), select.kevent(1, 0))
        self.assertLess(select.kevent(2**63 - 1), select.kevent(2**63))
        self.assertEqual(select.kevent(1), select.kevent(1))
        self.assertNotEqual(select.kevent(1), (1, -1, 1, 0, 0, 0))

    def test_what_the_type_does_not_support(self):
        event = select.kevent(1)
        self.assertRaises(TypeError, hash, event)
        self.assertRaises(TypeError, type, "Sub", (select.kevent,), {})
        self.assertRaises(TypeError, pickle.dumps, event)
        self.assertRaises(TypeError, copy.copy, event)
        self.assertRaises(TypeError, weakref.ref, event)

    def test_references(self):
        kept = Fileno(5)
        before = sys.getrefcount(kept), sys.getrefcount(select.kevent), sys.getrefcount(FIELDS)
        for _ in range(1000):
            event = select.kevent(kept)
            event.__init__(kept, filter=-2)
            try:
                select.kevent(kept, FIELDS)
            except TypeError:
                pass
            repr(event), event == event, event != kept
        del event
        gc.collect()
        self.assertEqual((sys.getrefcount(kept), sys.getrefcount(select.kevent), sys.getrefcount(FIELDS)), before)
