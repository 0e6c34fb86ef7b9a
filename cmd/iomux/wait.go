package main

import (
	"strings"

	"iomux/cmd/iomux/internal/exit"
	"iomux/cmd/iomux/internal/session"
)

const waitHelp = `Wait waits until a SOURCE is ready and prints a line about it. With --all it
waits until every SOURCE has been ready. With CMD it runs CMD instead.

Sources:
  stdin                     standard input
  fd:3, fd:3:r              inherited descriptor 3, readable
  fd:3:w, fd:3:rw, fd:3:p   writable, either of both, urgent data
  PATH                      a FIFO, terminal, device or file, readable;
                            regular files are always ready
  tcp://HOST:PORT           a connection succeeds
  unix://PATH               a connection to a Unix socket succeeds; on Linux
                            unix://@NAME is an abstract socket
  tcp-listen://[HOST]:PORT  a client connects; iomux closes the connection
  udp://[HOST]:PORT         a datagram arrives; iomux discards it
  timer:5s                  the time has passed; repeats with --follow
  pid:1234                  the process has ended, a child or not; iomux
                            cannot distinguish it from one that never existed
  exists:FILE               a file or folder with this name exists; iomux
                            also looks once a second, because of /proc
  path:FILE                 a file or folder changes, see below
  signal:HUP                iomux receives the signal, a name or number

HOST is a name, an IPv4 address, or an IPv6 address in brackets. Listeners and
datagram sockets without HOST use 127.0.0.1. With port 0 the system picks a
port, which iomux prints on stderr: listening on 127.0.0.1:PORT.

--timeout 0 still waits for lookups of names. With --retry or --gone, a lookup
or a connection that hangs does not delay further ones.

For a file named stdin or fd:3, write ./stdin or ./fd:3. /dev/fd/3 is fd:3.

Times are seconds (2, 0.5) or have units: 300ms, 1m30s, 1d.

On Windows, descriptors, PATH, unix:// and most signals fail. signal:INT is
Ctrl-C or Ctrl-Break. signal:TERM is a closed console or a logoff.

Output:
Each line is SOURCE, a tab, and its states separated by commas. Some lines end
with another tab and details.
  readable, writable, priority     data, room, or urgent data
  connected, connection, datagram  a connection or a datagram
  hangup, error                    the other end closed or failed
  expired, caught, exited, exists  a timer, a signal, a process, a name
  gone                             the end of a SOURCE, with --gone
  changed, created, ...            a change of path:FILE, see below

With --json each line is an object with source, ready (a list of states),
elapsed (seconds) and details: fd, peer, bytes, status, error. If iomux fails,
the last object has error, exit_status and, after the timeout, waiting (a list
of sources). JSON strings cannot hold bytes that are not UTF-8. For those,
source_bytes, error_bytes and waiting_bytes hold the exact bytes in base64.

A SOURCE that fails is reported on stderr. The wait continues while another
SOURCE can become ready. With --all the first failure ends it.

The Go runtime opens /dev/null in place of closed standard descriptors. So iomux
does not notice a closed stdout, and CMD has /dev/null, too.

Command:
CMD replaces iomux when the wait is over, without a shell in between. The
variables IOMUX_SOURCE and IOMUX_READY of CMD hold the sources and their states,
one per line. With --follow, iomux runs CMD for each report and waits for it. It
continues if CMD fails or cannot be run. --json prints in addition to CMD.

While CMD of --follow runs, iomux passes TERM, INT, HUP and QUIT on to it. The
keys of a terminal reach CMD directly, so iomux does not pass INT and QUIT on in
the foreground of a terminal. When the timeout expires, iomux terminates CMD. In
both cases iomux ends after CMD. CMD can read a followed FIFO to its end.

Signals:
TERM, INT, HUP and QUIT end iomux, unless they are a SOURCE. The Go runtime
ignores signals such as USR1, USR2, ALRM and the real-time signals.

If iomux was started with HUP, INT, CONT, TSTP, TTIN or TTOU ignored, as nohup
does, CMD ignores them, too. A SOURCE is the exception: of these, only HUP and
INT are still ignored, and only without --follow. All other ignored signals get
their default action back in CMD, because the Go runtime catches them. iomux
cannot see which ones were ignored. To ignore TERM, too:
  iomux wait SOURCE -- sh -c 'trap "" TERM; exec CMD'

Blocked signals stay blocked in CMD. The exceptions are HUP, INT, QUIT, TERM,
CHLD, URG, PROF and those of faults, such as ABRT and SEGV.

Gone:
With --gone a SOURCE is ready when it is gone: a port or Unix socket refuses a
connection, a file does not exist, or a process has ended. iomux tries a
connection every 200 ms, or every --retry. Other sources are rejected.

Following:
--follow continues until a signal, the timeout, or the end of all sources. A
hang-up ends a source, unless it is a FIFO given as PATH. epoll and kqueue
report each arrival once. poll and select report what stays ready every 100 ms.

Changes:
path:FILE reports all changes within 10 ms as one line:
  changed     the file was written, or an entry of the folder came or went
  extended    the file has grown
  attributes  permissions, owner or times have changed
  linked      the number of hard links has changed
  renamed     the file was moved to another name
  deleted     the file was removed, or the name leads to nothing
  created     the name leads to another file than before

The name counts, not the file. Most editors save a new file under the old name,
which is "created". A change of a symbolic link on the way is "created", too.
FILE need not exist yet. For whole trees, use inotifywait.

Linux does not report changes that the kernel makes in /proc and /sys, that
other machines make in a network file system, or that programs make through
mapped memory. No system reports a file system mounted over FILE.

Changes between two runs of iomux are lost, so let iomux run the command. The
command must not change FILE:
  iomux wait --follow path:config.yml -- make

FIFOs:
Data in a FIFO is lost when no process has it open. A script that reads a FIFO
should hold it open:
  exec 3<>FIFO; iomux wait fd:3 && read -r line <&3`

const waitExamples = `  iomux wait stdin fd:3 3<>events.fifo     # which of the two has data?
  iomux wait --timeout 0 stdin             # is there input now?
  iomux wait --all --timeout 1m tcp://db:5432 unix:///run/app.sock
  iomux wait --retry 200ms --timeout 30s tcp://localhost:5432 -- psql
  iomux wait --follow --json events.fifo udp://:5514
  iomux wait --follow tcp-listen://:8080 -- date
  iomux wait --follow path:config.yml -- make`

const exitStatuses = `Exit status:
  0    ready; with --follow: a source was ready, or all sources have hung up
  1    a source failed and none is left (with --all: one failed), or the
       output cannot be written
  2    wrong usage
  124  the timeout has expired
  126  CMD cannot be run
  127  CMD is not found

Otherwise the exit status is that of CMD.`

func newWaitCommand() *command {
	opts := session.Options{Timeout: -1}
	var timeout, retry session.Duration
	flags := newFlags("wait")
	flags.SortFlags = false
	flags.VarP(&timeout, "timeout", "t", "give up after `D`; 0 checks once")
	flags.BoolVarP(&opts.All, "all", "a", false, "wait until every SOURCE has been ready")
	flags.BoolVarP(&opts.Follow, "follow", "f", false, "continue to report")
	flags.BoolVarP(&opts.Gone, "gone", "g", false, "wait until SOURCE is gone")
	flags.Var(&retry, "retry", "try tcp:// and unix:// again `D` after a failure")
	mechanism := flags.String("mechanism", "", "wait using `NAME`: "+strings.Join(session.Mechanisms(), ", ")+"; the first is the default")
	flags.BoolVarP(&opts.Quiet, "quiet", "q", false, "print no lines on stdout")
	flags.BoolVar(&opts.JSON, "json", false, "print a JSON object per line, also for failures")
	return &command{
		path:      "iomux wait",
		arguments: "[FLAG...] SOURCE... [-- CMD [ARG...]]",
		short:     "Wait until a source is ready",
		long:      waitHelp + "\n\n" + exitStatuses,
		example:   waitExamples,
		flags:     flags,
		complete:  completeSource,
		run: func(args []string) error {
			if timeout.Given {
				opts.Timeout = timeout.Value
			}
			if *mechanism == "" && flags.Changed("mechanism") {
				return exit.Misuse("--mechanism is empty: an unset variable?")
			}
			if opts.Retry = retry.Value; retry.Given && retry.Value == 0 {
				return exit.Misuse("--retry: 0 would try without a pause: want a time such as 200ms")
			}
			return wait(opts, *mechanism, args, flags.ArgsLenAtDash())
		},
	}
}

// wait checks the arguments before it opens anything. dash is the number of sources before --, or
// -1 without it.
func wait(opts session.Options, mechanism string, args []string, dash int) error {
	if dash >= 0 {
		args, opts.Command = args[:dash], args[dash:]
		if len(opts.Command) == 0 {
			return exit.Misuse("a command is missing after --")
		}
		if opts.Command[0] == "" {
			return exit.Misuse("the command after -- is empty: an unset variable?")
		}
	}
	switch {
	case len(args) == 0 && dash == 0:
		return exit.Misuse("name a source before --: the words after it are the command")
	case len(args) == 0:
		return exit.Misuse("name a source to wait for, such as stdin or tcp://localhost:80")
	case opts.Quiet && opts.JSON:
		return exit.Misuse("--quiet and --json exclude each other")
	case opts.Gone && opts.Follow:
		return exit.Misuse("--gone and --follow exclude each other: a source is gone once")
	case opts.All && opts.Follow:
		return exit.Misuse("--all and --follow exclude each other: without --all every source is followed")
	}
	var err error
	if opts.Mechanism, err = session.Mechanism(mechanism); err != nil {
		return err
	}
	return session.Run(opts, args)
}
