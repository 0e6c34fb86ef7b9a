package main

import (
	"strings"

	"github.com/spf13/cobra"

	"iomux/cmd/iomux/internal/exit"
	"iomux/cmd/iomux/internal/session"
)

const waitHelp = `Waits until one SOURCE is ready (with --all: every one) and prints a line for
each: SOURCE, a tab, STATE, and for some another tab and details. STATE is one
or several, joined by commas, of readable, writable, priority, connected,
connection, datagram, hangup, error, expired, caught, exited, exists, and
of path:FILE changed, extended, attributes, linked, renamed, deleted, created.

Sources:
  stdin           the standard input
  fd:3  fd:3:r    a descriptor that iomux was given, for reading
  fd:3:w          for writing; fd:3:rw for either, fd:3:p for urgent data
  PATH            a FIFO, terminal, device or file, for reading; files are
                  always ready
  tcp://HOST:PORT            ready when the connection stands
  unix://PATH                the same, to a socket in the file system
  tcp-listen://[HOST]:PORT   ready when somebody connects; the connection is
                             accepted and closed
  udp://[HOST]:PORT          ready when a datagram comes, which is dropped
  timer:5s        ready when the time is over; with --follow again and again
  pid:1234        ready when the process has exited, a child or not
  path:FILE       ready when the file or folder was changed (see below)
  exists:FILE     ready when the name leads to a file or folder, at once if it
                  does already
  signal:HUP      ready when iomux gets the signal, by name or number

HOST is a name, an IPv4 address or an IPv6 address in brackets. tcp-listen and
udp are at 127.0.0.1 where it is left out; at port 0 the system picks one, and
"listening on 127.0.0.1:PORT" tells it on stderr. Files that are called stdin
or fd:3 are written ./stdin and ./fd:3; /dev/fd/3 is fd:3.

Windows has tcp, tcp-listen, udp, path, exists, timer, pid, signal:INT (Ctrl-C, Ctrl-Break)
and signal:TERM; the others fail there.

A source that fails is told on stderr, and the wait goes on while another can
still become ready. With --all the first failure ends it.

With CMD nothing is printed, unless --json asks for it: CMD takes the place of
iomux when the wait is over, without a shell between them. It finds what was
ready in IOMUX_SOURCE and IOMUX_READY, a line for each source.

With --follow it goes on until it is interrupted, the time is over or no source
is left; a hang-up ends a source, except a FIFO given by its path. CMD is run
for each report, one after the other. epoll and kqueue report each arrival
once, read or not; poll and select report what stays ready every 100 ms.

While CMD of --follow runs, iomux passes TERM, INT, HUP and QUIT on to it. The
end of the time terminates it. In both cases iomux ends after CMD. CMD can read
a followed FIFO to its end.

CMD ignores HUP and INT if iomux was started that way, as by nohup. Other
ignored signals get their default action back, because the Go runtime catches
them. To ignore TERM, too: -- sh -c 'trap "" TERM; exec CMD'

path:FILE reports everything that happens within 10 ms as one line:
  changed     the file was written, or an entry of the folder came or went
  extended    the file has grown
  attributes  its permissions, owner or times have changed
  linked      the number of its hard links has changed
  renamed     the file was moved to another name
  deleted     the file was removed, or the name leads to nothing
  created     the name leads to another file than before
The name counts, not the file. Most editors save a new file under the old name,
which is created. So is a symbolic link on the way that leads elsewhere. FILE
need not exist yet. For whole trees and the names of entries use inotifywait.
Between two runs of iomux changes are lost, so let it run the command, which
must not change what is watched:
  iomux wait --follow path:config.yml -- make

What was written to a FIFO is lost when nobody has it open any more, so a
script that reads it holds it:
  exec 3<>FIFO; iomux wait fd:3 && read -r line <&3`

const waitExamples = `  iomux wait stdin fd:3 3<>events.fifo     which of the two has something?
  iomux wait --timeout 0 stdin             is there input now?
  iomux wait --all --timeout 1m tcp://db:5432 unix:///run/app.sock
  iomux wait --retry 200ms --timeout 30s tcp://localhost:5432 -- psql
  iomux wait --follow --json events.fifo udp://:5514
  iomux wait --follow tcp-listen://:8080 -- date
  iomux wait --follow path:config.yml -- make`

const exitStatuses = `Exit status:
  0    ready; with --follow: something was, or all sources have hung up
  1    a source failed and none is left (with --all: one failed), or the
       output cannot be written
  2    wrong usage
  124  the time is over
  126  CMD cannot be run
  127  CMD is not found
  or that of CMD`

func newWaitCommand() *cobra.Command {
	opts := session.Options{Timeout: -1}
	var timeout, retry session.Duration
	var mechanism string
	cmd := &cobra.Command{
		Use:                   "wait [flags] SOURCE... [-- CMD [ARG...]]",
		Short:                 "Wait until a source is ready",
		Long:                  waitHelp + "\n\n" + exitStatuses,
		Example:               waitExamples,
		DisableFlagsInUseLine: true,
		ValidArgsFunction:     completeSource,
		RunE: func(cmd *cobra.Command, args []string) error {
			if timeout.Given {
				opts.Timeout = timeout.Value
			}
			if opts.Retry = retry.Value; retry.Given && retry.Value == 0 {
				return exit.Misuse("--retry: 0 would never rest: want a time such as 200ms")
			}
			return wait(opts, mechanism, args, cmd.ArgsLenAtDash())
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.VarP(&timeout, "timeout", "t", "give up after D: seconds (2, 0.5) or 300ms, 1m30s; 0 looks once")
	flags.BoolVarP(&opts.All, "all", "a", false, "wait until every source was ready")
	flags.BoolVarP(&opts.Follow, "follow", "f", false, "go on reporting")
	flags.Var(&retry, "retry", "try tcp:// and unix:// again, D after they failed")
	flags.StringVar(&mechanism, "mechanism", "", "wait by `NAME`: "+strings.Join(session.Mechanisms(), ", ")+" (the first is the default)")
	flags.BoolVarP(&opts.Quiet, "quiet", "q", false, "print no lines on stdout")
	flags.BoolVar(&opts.JSON, "json", false, "print an object a line, of failures too")
	if err := cmd.RegisterFlagCompletionFunc("mechanism", completeMechanism); err != nil {
		panic(err) // the flag stands three lines above
	}
	for _, name := range []string{"timeout", "retry"} {
		if err := cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions); err != nil {
			panic(err)
		}
	}
	return cmd
}

// wait checks what was given before anything is opened. dash is the number of sources before --, -1 where there is no --.
func wait(opts session.Options, mechanism string, args []string, dash int) error {
	if dash >= 0 {
		args, opts.Command = args[:dash], args[dash:]
		if len(opts.Command) == 0 {
			return exit.Misuse("a command is missing after --")
		}
	}
	switch {
	case len(args) == 0:
		return exit.Misuse("name a source to wait for, such as stdin or tcp://localhost:80")
	case opts.Quiet && opts.JSON:
		return exit.Misuse("--quiet and --json exclude each other")
	case opts.All && opts.Follow:
		return exit.Misuse("--all and --follow exclude each other: without --all every source is followed")
	}
	var err error
	if opts.Mechanism, err = session.Mechanism(mechanism); err != nil {
		return err
	}
	return session.Run(opts, args)
}
