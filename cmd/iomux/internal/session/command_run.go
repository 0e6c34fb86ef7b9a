//go:build unix || windows

package session

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"iomux/cmd/iomux/internal/exit"
)

// drainCheck is the interval between two looks at the FIFOs that CMD may read to their end.
const drainCheck = 20 * time.Millisecond

// run is one run of CMD.
type run struct {
	process *os.Process
	signals chan os.Signal // for iomux, while CMD runs
	ended   chan ended
	cause   syscall.Signal // the signal that iomux got, 0 for none
	expired bool           // CMD ran until the deadline
}

// ended is the result of os.Process.Wait.
type ended struct {
	state *os.ProcessState
	err   error
}

// runChild runs CMD for one report, until it ends. CMD is not started after the deadline. The error
// ends the session, because of a signal.
func (s *session) runChild(r report) error {
	if s.child == nil || s.Timeout > 0 && s.left() == 0 {
		return nil
	}
	run := &run{signals: s.catchSignals(), ended: make(chan ended, 1)}
	var err error
	if run.process, err = s.child.start(environment([]report{r})); err != nil {
		s.dropSignals(run.signals)
		exit.Complain(s.child.failure(err).Reason.Error())
		return nil
	}
	go func() {
		state, err := run.process.Wait()
		run.ended <- ended{state, err}
	}()
	s.supervise(run)
	s.holdFIFOs()
	s.dropSignals(run.signals)
	if run.cause == 0 && len(run.signals) > 0 { // it came when CMD had ended
		run.cause = (<-run.signals).(syscall.Signal)
	}
	if run.cause != 0 {
		return dieOf(run.cause)
	}
	return nil
}

// catchSignals catches the signals that are passed on to CMD. It leaves out sources, and signals
// that were ignored when iomux started.
func (s *session) catchSignals() chan os.Signal {
	signals := make(chan os.Signal, len(passedOn))
	for _, sig := range passedOn {
		if !signal.Ignored(sig) && !s.awaits(sig) {
			signal.Notify(signals, sig)
		}
	}
	signal.Stop(s.quit)
	return signals
}

// dropSignals ends what catchSignals began.
func (s *session) dropSignals(signals chan os.Signal) {
	s.catchQuit()
	signal.Stop(signals)
}

// catchQuit catches SIGQUIT outside CMD, because the Go runtime would print its stacks.
func (s *session) catchQuit() {
	if !s.awaits(syscall.SIGQUIT) {
		signal.Notify(s.quit, syscall.SIGQUIT)
	}
}

// brief is the length of a wait that does not catch SIGQUIT, because that takes a tenth of the time
// to start. Nobody presses Ctrl-\ that soon.
const brief = 50 * time.Millisecond

// endAtQuit ends iomux at SIGQUIT. It catches the signal later, unless a CMD may run by then.
func (s *session) endAtQuit() {
	end := func() {
		<-s.quit
		os.Exit(128 + int(syscall.SIGQUIT))
	}
	switch {
	case s.Follow && s.child != nil:
		s.catchQuit()
		go end()
	case !s.awaits(syscall.SIGQUIT):
		time.AfterFunc(brief, func() {
			signal.Notify(s.quit, syscall.SIGQUIT)
			end()
		})
	}
}

func (s *session) awaits(sig syscall.Signal) bool {
	for _, t := range s.targets {
		if t.kind == kindSignal && t.signal == sig {
			return true
		}
	}
	return false
}

// supervise passes signals on to CMD until it ends, and terminates it at the deadline.
func (s *session) supervise(r *run) {
	var deadline <-chan time.Time
	if s.Timeout > 0 {
		deadline = time.After(s.left())
	}
	look := time.NewTicker(drainCheck)
	defer look.Stop()
	for {
		if !s.releaseFIFOs() {
			look.Stop()
		}
		select {
		case end := <-r.ended:
			s.complainOf(r, end)
			return
		case sig := <-r.signals:
			r.cause = sig.(syscall.Signal)
			passOn(r.process, r.cause)
		case <-deadline:
			r.expired = true
			terminate(r.process)
		case <-look.C:
		}
	}
}

// complainOf prints how CMD has failed.
func (s *session) complainOf(r *run, end ended) {
	name := printable(s.Command[0])
	switch {
	case end.err != nil:
		exit.Complain(name + ": " + end.err.Error())
	case r.expired && !end.state.Success():
		exit.Complain(fmt.Sprintf("%s: terminated after %v", name, s.Timeout))
	case r.cause != 0 || end.state.Success():
	default:
		exit.Complain(name + ": " + describe(end.state))
	}
}
