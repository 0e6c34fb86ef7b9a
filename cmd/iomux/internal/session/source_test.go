package session

import (
	"strings"
	"testing"
	"time"
)

func TestParseSourceReadsEveryForm(t *testing.T) {
	for text, want := range map[string]source{
		"stdin":                  {kind: kindDescriptor, want: readable},
		"/dev/stdin":             {kind: kindDescriptor, want: readable},
		"/dev/stdout":            {kind: kindDescriptor, fd: 1, want: readable},
		"/dev/stderr":            {kind: kindDescriptor, fd: 2, want: readable},
		"/dev/fd/63":             {kind: kindDescriptor, fd: 63, want: readable},
		"fd:3":                   {kind: kindDescriptor, fd: 3, want: readable},
		"fd:3:r":                 {kind: kindDescriptor, fd: 3, want: readable},
		"fd:3:w":                 {kind: kindDescriptor, fd: 3, want: writable},
		"fd:3:rw":                {kind: kindDescriptor, fd: 3, want: readable | writable},
		"fd:3:p":                 {kind: kindDescriptor, fd: 3, want: priority},
		"fd:2147483647":          {kind: kindDescriptor, fd: 2147483647, want: readable},
		"a.fifo":                 {kind: kindPath, path: "a.fifo"},
		"./stdin":                {kind: kindPath, path: "./stdin"},
		"./tcp://x":              {kind: kindPath, path: "./tcp://x"},
		"/dev/ttyS0":             {kind: kindPath, path: "/dev/ttyS0"},
		"localhost:80":           {kind: kindPath, path: "localhost:80"},
		"tcp://localhost:80":     {kind: kindTCP, host: "localhost", port: "80"},
		"tcp://127.0.0.1:http":   {kind: kindTCP, host: "127.0.0.1", port: "http"},
		"tcp://[::1]:65535":      {kind: kindTCP, host: "::1", port: "65535"},
		"tcp://[fe80::1%25lo]:1": {kind: kindTCP, host: "fe80::1%lo", port: "1"},
		"tcp://[fe80::1%eth0]:1": {kind: kindTCP, host: "fe80::1%eth0", port: "1"},
		"tcp-listen://:0":        {kind: kindTCPListen, host: "127.0.0.1", port: "0"},
		"tcp-listen://[::]:80":   {kind: kindTCPListen, host: "::", port: "80"},
		"tcp-listen://0.0.0.0:1": {kind: kindTCPListen, host: "0.0.0.0", port: "1"},
		"udp://:53":              {kind: kindUDP, host: "127.0.0.1", port: "53"},
		"udp://[::1]:53":         {kind: kindUDP, host: "::1", port: "53"},
		"unix:///run/app.sock":   {kind: kindUnix, path: "/run/app.sock"},
		"unix://app.sock":        {kind: kindUnix, path: "app.sock"},
		"timer:5s":               {kind: kindTimer, period: 5 * time.Second},
		"timer:0.25":             {kind: kindTimer, period: 250 * time.Millisecond},
		"./timer:5s":             {kind: kindPath, path: "./timer:5s"},
		"pid:42":                 {kind: kindProcess, pid: 42},
		"path:notes.txt":         {kind: kindChange, path: "notes.txt"},
		"path:/etc":              {kind: kindChange, path: "/etc"},
		"exists:/etc":            {kind: kindExists, path: "/etc"},
		"./path:x":               {kind: kindPath, path: "./path:x"},
	} {
		want.text = text
		if got, err := parseOne(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", text, got, err, want)
		}
	}
}

func TestParseSourceExplainsErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "empty",
		"-":                             "write stdin",
		"a\x00b":                        "zero byte",
		"fd:":                           "number of a descriptor",
		"fd:x":                          "number of a descriptor",
		"fd:03":                         "number of a descriptor",
		"fd:+3":                         "number of a descriptor",
		"fd:-1":                         "negative",
		"timer:":                        "want a time",
		"timer:soon":                    "want a time",
		"timer:-1s":                     "negative",
		"timer:0":                       "above 0",
		"path:":                         "want a file or a folder",
		"pid:":                          "number of a process",
		"pid:0":                         "number of a process",
		"pid:+5":                        "number of a process",
		"pid:05":                        "number of a process",
		"pid:-5":                        "number of a process",
		"pid:99999999999":               "number of a process",
		"signal:":                       "no such signal",
		"signal:NONSENSE":               "no such signal",
		"/dev/fd/-1":                    "negative",
		"/dev/fd/x":                     "number of a descriptor",
		"fd:2147483648":                 "above",
		"fd:99999999999999999999999999": "above",
		"fd:3:":                         "second colon",
		"fd:3:x":                        ":w",
		"fd:3:rr":                       ":w",
		"fd:3:r:w":                      ":w",
		"http://localhost":              "http:// is unknown: use tcp://",
		"TCP://localhost:1":             "did you mean tcp://localhost:1?",
		"tpc://localhost:1":             "did you mean tcp://localhost:1?",
		"tcplisten://:1":                "did you mean tcp-listen://:1?",
		"signal:ITN":                    "did you mean signal:INT?",
		"signal:RTMAX+1":                "no such signal",
		"signal:RTMIN1":                 "no such signal",
		"signal:99":                     "no such signal",
		"signal:-1":                     "no such signal",
		"tcp://":                        "port is missing",
		"tcp://localhost":               "port is missing",
		"tcp://localhost:":              "port is missing",
		"tcp://:80":                     "host is missing",
		"tcp://localhost:0":             "port 0 cannot",
		"tcp://localhost:65536":         "above 65535",
		"tcp://localhost:-1":            "0 to 65535",
		"tcp://localhost:80/":           "only host and port",
		"tcp://user@host:80":            "only host and port",
		"tcp://::1:80":                  "brackets",
		"tcp://[localhost]:80":          "brackets",
		"tcp://[127.0.0.1]:80":          "brackets",
		"tcp://[fe80::1]:80":            "needs a network interface, as in [fe80::1%eth0]",
		"tcp://a%b:80":                  "no host name",
		"unix://":                       "unix://PATH",
	} {
		if got, err := parseOne(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v, want an error with %q", text, got, err, want)
		}
	}
}

// FuzzParseSource looks for panics, and for sources that do not come back from their own text.
func FuzzParseSource(f *testing.F) {
	for _, seed := range []string{
		"", "-", "stdin", "./stdin", "fd:", "fd:3", "fd:3:rwp", "fd:-1", "fd:99999999999999999999", "/dev/fd/3", "a b", "\x00",
		"tcp://localhost:80", "tcp://[::1]:80", "tcp://[::1%lo]:http", "tcp://::1:80", "tcp://[]:1", "tcp-listen://:0", "udp://:53",
		"unix:///run/x", "unix://", "http://x", "://", "fd:3:\xff", "path:x", "path:", "timer:1s", "pid:1", "signal:1", "tcp://\u00e9:1", "tcp://[a:1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseOne(text)
		if err != nil {
			if s != (source{}) && s.text != text {
				t.Errorf("%q: %v, and yet %+v", text, err, s)
			}
			return
		}
		if s.String() != text {
			t.Errorf("%q prints as %q", text, s)
		}
		if again, err := parseOne(s.String()); err != nil || again != s {
			t.Errorf("%q: %+v and then %+v, %v", text, s, again, err)
		}
		checkSource(t, s)
	})
}

// checkSource checks what the rest of the command relies on.
func checkSource(t *testing.T, s source) {
	t.Helper()
	switch s.kind {
	case kindDescriptor:
		if s.fd < 0 || s.want == 0 || s.want&^(readable|writable|priority) != 0 {
			t.Errorf("%+v", s)
		}
	case kindPath, kindChange, kindExists, kindUnix:
		if s.path == "" || strings.Contains(s.path, "\x00") {
			t.Errorf("%+v", s)
		}
	case kindTimer, kindProcess, kindSignal:
		if s.period <= 0 && s.pid <= 0 && s.signal <= 0 {
			t.Errorf("%+v", s)
		}
	default:
		if s.host == "" || s.port == "" {
			t.Errorf("%+v", s)
		}
	}
}
