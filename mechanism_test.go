package iomux_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"iomux"
	"iomux/devpoll"
	"iomux/kqueue"
)

func TestMechanisms(t *testing.T) {
	want := map[string][]iomux.Mechanism{
		"linux":   {iomux.Select, iomux.Poll, iomux.Epoll, iomux.Kqueue, iomux.DevPoll},
		"windows": {iomux.Select, iomux.Poll, iomux.DevPoll, iomux.AFD},
	}
	want["android"] = want["linux"]
	expected, ok := want[runtime.GOOS]
	if !ok {
		expected = []iomux.Mechanism{iomux.Select, iomux.Poll}
		if kqueue.Native {
			expected = append(expected, iomux.Kqueue)
		}
		expected = append(expected, iomux.DevPoll)
		if devpoll.Native { // Solaris and illumos
			expected = append(expected, iomux.EventPort)
		}
	}
	if got := iomux.Mechanisms(); !slices.Equal(got, expected) {
		t.Errorf("Mechanisms is %v, want %v", got, expected)
	}
	for m := range iomux.Mechanism(255) {
		available := slices.Contains(expected, m)
		if m.Available() != available || m.Native() && !available {
			t.Errorf("%v: available %v, native %v", m, m.Available(), m.Native())
		}
		if limits := m.Limits(); (limits.Resolution > 0) != available {
			t.Errorf("%v: limits are %+v", m, limits)
		}
	}
}

func TestMechanismString(t *testing.T) {
	for m, want := range map[iomux.Mechanism]string{
		iomux.Select: "select", iomux.Poll: "poll", iomux.Epoll: "epoll", iomux.Kqueue: "kqueue",
		iomux.DevPoll: "devpoll", iomux.EventPort: "eventport", iomux.AFD: "afd", iomux.AFD + 1: "Mechanism(7)", 255: "Mechanism(255)",
	} {
		if got := m.String(); got != want {
			t.Errorf("mechanism %d is %q, want %q", uint8(m), got, want)
		}
	}
}

// New names a mechanism that this system lacks, and those that it has.
func TestNewOfAnUnavailableMechanism(t *testing.T) {
	for m := range iomux.Mechanism(255) {
		if m.Available() {
			continue
		}
		_, err := iomux.New[int](iomux.WithMechanism(m))
		isErr(t, err, errors.ErrUnsupported)
		for _, word := range []string{m.String(), fmt.Sprintf("want one of %v", iomux.Mechanisms())} {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("New: %v, want an error with %q", err, word)
			}
		}
	}
}

func TestErrorIsSyscallError(t *testing.T) {
	err := fmt.Errorf("wrapped: %w", os.NewSyscallError("poll", syscall.EINVAL))
	var call *iomux.Error
	if !errors.As(err, &call) || call.Syscall != "poll" || !errors.Is(err, syscall.EINVAL) {
		t.Errorf("errors.As finds %v in %v", call, err)
	}
}

func isErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}
