package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"iomux"
	"iomux/cmd/iomux/internal/output"
)

const mechanismsHelp = `Mechanisms lists the system calls for waiting on this system, native or
emulated, and their limits.

Columns:
  PACKAGE  how the Go package of the mechanism works on this system
  POLLER   whether "iomux wait" and the Poller of package iomux can use
           it, and which one is their default
  HIGHEST  the highest descriptor that the system call accepts; iomux waits
           on higher ones with poll
  ENTRIES  descriptors that one wait accepts
  WATCHES  descriptors in all epolls of the user together
           (fs.epoll.max_user_watches)
  UNIT     the unit of timeouts; iomux rounds them up

RLIMIT_NOFILE is the limit of open descriptors, which Go programs raise to the
hard limit.`

// mechanismJSON is one mechanism of --json. A limit that is zero or absent is unknown or none.
type mechanismJSON struct {
	Name        string        `json:"name"`
	Package     string        `json:"package,omitempty"`
	Available   bool          `json:"available"`
	Native      bool          `json:"native"`
	Descriptors uint64        `json:"descriptors,omitempty"`
	Highest     int           `json:"highest,omitempty"`
	Entries     uint64        `json:"entries,omitempty"`
	Watches     uint64        `json:"watches,omitempty"`
	Resolution  time.Duration `json:"resolution_ns,omitempty"`
}

func newMechanismsCommand() *command {
	flags := newFlags("mechanisms")
	asJSON := flags.Bool("json", false, "print a JSON object")
	return &command{
		path:      "iomux mechanisms",
		arguments: "[--json]",
		short:     "List the mechanisms of this system and their limits",
		long:      mechanismsHelp,
		flags:     flags,
		run: func(args []string) error {
			if err := noArguments("mechanisms", args); err != nil {
				return err
			}
			if *asJSON {
				return printMechanismsJSON(output.Stdout)
			}
			return printMechanisms(output.Stdout)
		},
	}
}

// allMechanisms returns the mechanisms of all systems.
func allMechanisms() []iomux.Mechanism {
	var all []iomux.Mechanism
	for m := iomux.Select; m <= iomux.AFD; m++ {
		all = append(all, m)
	}
	return all
}

func printMechanisms(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	// Flush returns the error.
	line := func(columns ...any) { _, _ = fmt.Fprintln(table, columns...) }
	line("MECHANISM\tPACKAGE\tPOLLER\tHIGHEST\tENTRIES\tWATCHES\tUNIT")
	for _, m := range allMechanisms() {
		name := m.String() + "\t" + cmp.Or(packageOn(runtime.GOOS, m), "-")
		if !m.Available() {
			line(name + "\tno\t-\t-\t-\t-")
			continue
		}
		poller := "yes"
		if m == defaultMechanism() {
			poller = "default"
		}
		l := m.Limits()
		line(fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%v", name, poller, limit(uint64(l.Highest)), limit(l.Entries), limit(l.Watches), l.Resolution))
	}
	line()
	if descriptors := iomux.Poll.Limits().Descriptors; descriptors > 0 {
		line("RLIMIT_NOFILE:", descriptors, "descriptors, which this process may have open.")
	}
	line("FD_SETSIZE does not apply: select waits on descriptors of any number.")
	line("PIPE_BUF:", iomux.PipeBuf, "bytes, which a writable pipe accepts without blocking.")
	return table.Flush()
}

func printMechanismsJSON(w io.Writer) error {
	answer := struct {
		Mechanisms []mechanismJSON `json:"mechanisms"`
		PipeBuf    int             `json:"pipe_buf"`
	}{PipeBuf: iomux.PipeBuf}
	for _, m := range allMechanisms() {
		l := m.Limits()
		answer.Mechanisms = append(answer.Mechanisms, mechanismJSON{m.String(), packageOn(runtime.GOOS, m), m.Available(), m.Native(),
			l.Descriptors, l.Highest, l.Entries, l.Watches, l.Resolution})
	}
	return json.NewEncoder(w).Encode(answer)
}

const bsds = "darwin dragonfly freebsd netbsd openbsd"

// packages lists how the packages of the mechanisms work, in the words of the README.
var packages = []struct {
	of      iomux.Mechanism
	how     string
	systems string // separated by spaces
}{
	{iomux.Select, "native", "linux solaris illumos aix " + bsds},
	{iomux.Select, "emulated over AFD", "windows"},
	{iomux.Poll, "native", "linux solaris illumos aix " + bsds},
	{iomux.Poll, "emulated over AFD", "windows"},
	{iomux.Epoll, "native", "linux"},
	{iomux.Epoll, "emulated over kqueue", bsds},
	{iomux.Epoll, "emulated over event ports", "solaris illumos"},
	{iomux.Epoll, "emulated over poll", "aix"},
	{iomux.Epoll, "emulated over AFD", "windows"},
	{iomux.Kqueue, "native", bsds},
	{iomux.Kqueue, "emulated over epoll", "linux"},
	{iomux.DevPoll, "native", "solaris illumos"},
	{iomux.DevPoll, "emulated over epoll", "linux"},
	{iomux.DevPoll, "emulated over poll", "aix " + bsds},
	{iomux.DevPoll, "emulated over AFD", "windows"},
}

// packageOn returns how the package of the mechanism works on a system, or "" if the mechanism has
// no package.
func packageOn(goos string, m iomux.Mechanism) string {
	switch {
	case m > iomux.DevPoll:
		return ""
	case goos == "android":
		goos = "linux"
	case goos == "ios":
		goos = "darwin"
	}
	for _, row := range packages {
		if row.of == m && slices.Contains(strings.Fields(row.systems), goos) {
			return row.how
		}
	}
	return "unsupported"
}

// defaultMechanism returns the mechanism of a Poller, or one that does not exist if there is none.
func defaultMechanism() iomux.Mechanism {
	poller, err := iomux.New[int]()
	if err != nil {
		return iomux.AFD + 1
	}
	defer func() { _ = poller.Close() }()
	return poller.Mechanism()
}

// limit returns the number, or none.
func limit(n uint64) string {
	if n == 0 {
		return "none"
	}
	return strconv.FormatUint(n, 10)
}
