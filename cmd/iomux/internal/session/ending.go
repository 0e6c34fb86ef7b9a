package session

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"iomux/cmd/iomux/internal/exit"
	"iomux/cmd/iomux/internal/output"
)

// ending is the last line of --json if iomux wait ends without what it was asked to wait for.
type ending struct {
	Error        string   `json:"error"`
	ErrorBytes   []byte   `json:"error_bytes,omitempty"`
	ExitStatus   int      `json:"exit_status"`
	Waiting      []string `json:"waiting,omitempty"`       // sources that were not ready
	WaitingBytes [][]byte `json:"waiting_bytes,omitempty"` // the same, if one is not UTF-8
	Elapsed      float64  `json:"elapsed,omitempty"`
}

// lateError is the reason of exit.TimedOut.
type lateError struct {
	text    string
	sources []string
	elapsed time.Duration
}

func (e lateError) Error() string { return e.text }

// PrintFailure prints err as an object. Failures of sources have been printed.
func PrintFailure(err error) {
	ended := exit.Error{Status: exit.Failed, Reason: err}
	if errors.As(err, &ended); ended.Reason == nil {
		return
	}
	text := ended.Reason.Error()
	line := ending{Error: text, ErrorBytes: exactBytes(text), ExitStatus: ended.Status}
	if late := (lateError{}); errors.As(ended.Reason, &late) {
		line.Waiting, line.Elapsed = late.sources, late.elapsed.Seconds()
		if exactBytes(strings.Join(late.sources, "")) != nil {
			for _, source := range late.sources {
				line.WaitingBytes = append(line.WaitingBytes, []byte(source))
			}
		}
	}
	if object, failed := json.Marshal(line); failed == nil {
		_, _ = output.Stdout.Write(append(object, '\n')) // the exit status shows a failure
	}
}
