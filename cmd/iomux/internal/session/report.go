package session

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// report describes a source that is ready or has failed.
type report struct {
	source  string
	ready   states
	fd      int // -1 if the user did not name one
	peer    string
	bytes   int  // -1 if none were counted
	status  *int // of a process, if it is known: negative for the signal that killed it
	err     error
	failed  bool // err ended the wait for the source
	elapsed time.Duration
}

// reportJSON is the line of --json.
type reportJSON struct {
	Source      string   `json:"source"`
	SourceBytes []byte   `json:"source_bytes,omitempty"`
	Ready       []string `json:"ready"`
	FD          *int     `json:"fd,omitempty"`
	Peer        string   `json:"peer,omitempty"`
	Bytes       *int     `json:"bytes,omitempty"`
	Status      *int     `json:"status,omitempty"`
	Error       string   `json:"error,omitempty"`
	ErrorBytes  []byte   `json:"error_bytes,omitempty"`
	Elapsed     float64  `json:"elapsed"`
}

// exactBytes returns the bytes of text that is not UTF-8, which JSON strings cannot hold.
func exactBytes(text string) []byte {
	if utf8.ValidString(text) {
		return nil
	}
	return []byte(text)
}

// printer writes reports, each with one call, so that a reader sees whole lines.
type printer struct {
	w     io.Writer
	json  bool
	quiet bool // no lines of text
}

func (p printer) print(r report) error {
	switch {
	case p.json:
		line, err := r.json()
		if err != nil {
			return err
		}
		_, err = p.w.Write(append(line, '\n'))
		return err
	case p.quiet || r.failed: // failures are printed on stderr
		return nil
	}
	_, err := p.w.Write([]byte(r.text() + "\n"))
	return err
}

func (r report) json() ([]byte, error) {
	line := reportJSON{
		Source: r.source, SourceBytes: exactBytes(r.source), Ready: r.ready.names(),
		Peer: r.peer, Status: r.status, Elapsed: r.elapsed.Seconds(),
	}
	if r.fd >= 0 {
		line.FD = &r.fd
	}
	if r.bytes >= 0 {
		line.Bytes = &r.bytes
	}
	if r.err != nil {
		line.Error = r.err.Error()
		line.ErrorBytes = exactBytes(line.Error)
	}
	return json.Marshal(line)
}

// text returns SOURCE, STATE and details, if any, separated by tabs.
func (r report) text() string {
	columns := []string{printable(r.source), r.ready.String()}
	if details := r.details(); details != "" {
		columns = append(columns, details)
	}
	return strings.Join(columns, "\t")
}

func (r report) details() string {
	var details []string
	if r.peer != "" {
		details = append(details, "peer="+printable(r.peer))
	}
	if r.bytes >= 0 {
		details = append(details, "bytes="+strconv.Itoa(r.bytes))
	}
	if r.status != nil {
		details = append(details, "status="+strconv.Itoa(*r.status))
	}
	if r.err != nil {
		details = append(details, fmt.Sprintf("error=%q", r.err.Error()))
	}
	return strings.Join(details, " ")
}

// printable quotes text that would break a line or a column.
func printable(text string) string {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return strconv.Quote(text)
	}
	return text
}
