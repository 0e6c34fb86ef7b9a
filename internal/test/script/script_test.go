package script_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"iomux/internal/test/script"
)

// fake is a script whose commands return err.
type fake struct{ err error }

func (fake) Check(err error) {
	if err != nil {
		panic(err.Error())
	}
}

func (f fake) Exec(string, ...string) error { return f.err }

func (fake) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func TestStatusFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args string
		err  error
		want string // a part of the message, or empty for success
	}{
		{"0 true", nil, ""},
		{"1 true", nil, "exit status 0, want 1"},
		{"0 true", errors.New("not found"), "not found"},
		{"x true", nil, "invalid syntax"},
		{"0", nil, "usage: status"},
	} {
		message := ""
		func() {
			defer func() { message, _ = recover().(string) }()
			script.Status(fake{c.err}, false, strings.Fields(c.args))
		}()
		if (message == "") != (c.want == "") || !strings.Contains(message, c.want) {
			t.Errorf("status %s: %q, want %q", c.args, message, c.want)
		}
	}
}
