// Package exit holds the exit statuses of the command, and the errors that carry one.
package exit

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"iomux/cmd/iomux/internal/output"
)

// The exit statuses: those of timeout(1), and of the shell for a command that it cannot run.
const (
	Failed   = 1
	Misused  = 2
	TimedOut = 124
	NotRun   = 126
	NotFound = 127
)

// Error is an error with an exit status of its own. A nil Reason means that the user already knows.
type Error struct {
	Status int
	Reason error
}

func (e Error) Error() string { return fmt.Sprintf("exit status %d: %v", e.Status, e.Reason) }

// Misuse returns the error of a command line that makes no sense.
func Misuse(format string, args ...any) error {
	return Error{Misused, fmt.Errorf(format, args...)}
}

// escape replaces control characters, which would break the line or change a terminal.
func escape(text string) string {
	var b strings.Builder
	for text != "" {
		r, size := utf8.DecodeRuneInString(text)
		if unicode.IsControl(r) {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		} else {
			b.WriteString(text[:size])
		}
		text = text[size:]
	}
	return b.String()
}

// Complain writes one message to stderr. If stderr cannot take it, there is nobody left to inform.
func Complain(text string) {
	_, _ = fmt.Fprintln(output.Stderr, "iomux: "+escape(strings.TrimSuffix(text, "\n")))
}
