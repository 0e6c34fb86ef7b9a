"""The module and its names."""

import select

from common import outcome, outcomes, steady



def probe_names():
    return sorted(name for name in dir(select) if name not in ("__file__", "__loader__", "__spec__", "__doc__", "__package__"))


def probe_constants():
    return {name: getattr(select, name) for name in dir(select) if name.isupper()}


def probe_error_is_oserror():
    return select.error is OSError


def probe_signatures():
    objects = [select, select.epoll, type(select.poll())]
    return sorted(
        (owner.__name__, name, type(value).__name__, str(getattr(value, "__text_signature__", None)))
        for owner in objects
        for name, value in vars(owner).items()
        if name not in ("__spec__", "__loader__", "__package__", "__file__")
    )


def probe_types():
    return [
        (t.__name__, t.__module__, t.__qualname__, str(t.__mro__), t.__flags__, bool(t.__dictoffset__), bool(t.__weakrefoffset__))
        for t in (select.epoll, type(select.poll()))
    ]


def probe_texts_of_objects():
    return steady([repr(select.epoll()), repr(select.poll()), str(select.epoll)])


def probe_no_subclasses():
    return outcomes(lambda base: type("Sub", (base,), {}), (select.epoll,), (type(select.poll()),))


def probe_no_attributes():
    return outcomes(lambda o: setattr(o, "x", 1), (select.epoll(),), (select.poll(),)) + outcomes(
        lambda o: setattr(o, "closed", True), (select.epoll(),), (select.epoll,)
    )


def probe_poll_type_makes_nothing():
    return outcomes(type(select.poll()), (), (1,))


def probe_comparison_and_hash():
    one, two = select.epoll(), select.epoll()
    return [one == one, one == two, one != two, outcome(lambda: one < two), hash(one) == hash(one), len({one, two, one})]


def probe_copy_and_pickle():
    import copy, pickle

    return [outcome(f, o) for f in (copy.copy, pickle.dumps) for o in (select.epoll(), select.poll())]
