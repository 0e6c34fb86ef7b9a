package main

import (
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"iomux"
	"iomux/devpoll"
	"iomux/epoll"
	"iomux/kqueue"
	"iomux/poll"
	"iomux/selectfd"
)

// systems holds the columns of the README's table "What runs where".
var systems = [][]string{
	{"linux", "android"},
	{"freebsd", "netbsd", "dragonfly"},
	{"darwin", "ios", "openbsd"},
	{"solaris", "illumos"},
	{"aix"},
	{"windows"},
}

func TestMechanismsUsesTheWordsOfTheReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Skip("the binary runs without the repository:", err)
	}
	rows := map[string]iomux.Mechanism{
		"selectfd": iomux.Select, "poll": iomux.Poll, "epoll": iomux.Epoll, "kqueue": iomux.Kqueue, "devpoll": iomux.DevPoll,
	}
	_, table, _ := strings.Cut(string(readme), "## What runs where")
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		m, isPackage := rows[strings.Trim(cells[min(1, len(cells)-1)], " `")]
		if !isPackage || len(cells) != len(systems)+3 {
			continue
		}
		for i, group := range systems {
			for _, goos := range group {
				cell, _, _ := strings.Cut(strings.TrimSpace(cells[i+2]), ",")
				if got := packageOn(goos, m); got != cell {
					t.Errorf("%v on %s: %q, and %q in the README", m, goos, got, cell)
				}
			}
		}
		delete(rows, strings.Trim(cells[1], " `"))
	}
	if len(rows) != 0 {
		t.Errorf("the README's table lacks %v", rows)
	}
}

func TestMechanismsIsRightAboutThisSystem(t *testing.T) {
	_, errPoll := poll.Wait(nil, 0)
	_, errSelect := selectfd.Wait(nil, nil, nil, 0)
	for m, c := range map[iomux.Mechanism]struct {
		native bool
		err    error // of a call
	}{
		iomux.Select:  {selectfd.Native, errSelect},
		iomux.Poll:    {poll.Native, errPoll},
		iomux.Epoll:   {epoll.Native, opened(epoll.New())},
		iomux.Kqueue:  {kqueue.Native, opened(kqueue.New())},
		iomux.DevPoll: {devpoll.Native, opened(devpoll.New())},
	} {
		want := "emulated over "
		switch {
		case c.native:
			want = "native"
		case errors.Is(c.err, errors.ErrUnsupported):
			want = "unsupported"
		}
		if got := packageOn(runtime.GOOS, m); !strings.HasPrefix(got, want) {
			t.Errorf("%v: %q, want %q", m, got, want)
		}
	}
}

// opened returns err, or closes the object.
func opened(object io.Closer, err error) error {
	if err != nil {
		return err
	}
	return object.Close()
}
