package measure

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Active is how many pipes of a ring hold a byte: a number, or a percentage of the pipes.
type Active struct {
	count   int
	percent float64 // if count is 0
}

// ParseActive parses text such as 1 or 10%.
func ParseActive(text string) (Active, error) {
	if number, ok := strings.CutSuffix(text, "%"); ok {
		percent, err := strconv.ParseFloat(number, 64)
		if err != nil || !(percent > 0 && percent <= 100) {
			return Active{}, errors.New("want more than 0% and at most 100%")
		}
		return Active{percent: percent}, nil
	}
	count, err := strconv.Atoi(text)
	if err != nil || count < 1 || count > MostDescriptors {
		return Active{}, errors.New("want a number from 1, or a part such as 10%")
	}
	return Active{count: count}, nil
}

// Of returns how many of n pipes are active: at least one, and perhaps more than n.
func (a Active) Of(n int) int {
	if a.count > 0 {
		return a.count
	}
	return max(1, int(math.Round(float64(n)*a.percent/100)))
}

func (a Active) String() string {
	if a.count > 0 {
		return strconv.Itoa(a.count)
	}
	return strconv.FormatFloat(a.percent, 'g', -1, 64) + "%"
}

// Workload is a bare wait on descriptors of which one is ready, or a ring with some active pipes.
type Workload struct {
	Ring   bool
	Active Active
}

// Name returns the name of the workload in results: wait or ring.
func (w Workload) Name() string {
	if w.Ring {
		return "ring"
	}
	return "wait"
}

// Asked returns the value of --active, or an empty string for the bare wait.
func (w Workload) Asked() string {
	if w.Ring {
		return w.Active.String()
	}
	return ""
}

// Title returns the heading of the workload.
func (w Workload) Title() string {
	if w.Ring {
		return fmt.Sprintf("Ring of n %s, %s active", sources, strings.Replace(w.Active.String(), "%", " %", 1))
	}
	return "Bare wait, 1 of n ready"
}

// Operation returns the name of one operation: wait or event.
func (w Workload) Operation() string {
	if w.Ring {
		return "event"
	}
	return "wait"
}
