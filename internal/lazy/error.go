package lazy

import "fmt"

// Errorf is like fmt.Errorf, but formats the text when it is needed. The format has a %v for each
// error. Variables of packages use Errorf, because fmt.Errorf slows down the start of each program.
func Errorf(format string, wrapped ...error) error {
	if len(wrapped) == 1 {
		return &wrapsOne{format, wrapped[0]}
	}
	return &wrapsAll{format, wrapped}
}

type wrapsOne struct {
	format string
	err    error
}

func (w *wrapsOne) Error() string { return fmt.Sprintf(w.format, w.err) }
func (w *wrapsOne) Unwrap() error { return w.err }

type wrapsAll struct {
	format string
	errs   []error
}

func (w *wrapsAll) Error() string {
	arguments := make([]any, len(w.errs))
	for i, err := range w.errs {
		arguments[i] = err
	}
	return fmt.Sprintf(w.format, arguments...)
}

func (w *wrapsAll) Unwrap() []error { return w.errs }
