package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"iomux/cmd/iomux-bench/internal/measure"
)

// request holds the values of the flags.
type request struct {
	mechanisms, descriptors, active []string
	duration                        time.Duration
	// exact is true if the user gave --descriptors. Then no size replaces those that do not
	// fit.
	exact bool
}

// list returns a function that splits the text of a flag at commas and stores the values. An empty
// text has no values.
func list(values *[]string) func(string) error {
	return func(text string) error {
		*values = nil
		if text != "" {
			*values = strings.Split(text, ",")
		}
		return nil
	}
}

// setDuration accepts 20 and 0.5 as seconds, and what time.ParseDuration accepts.
func (r *request) setDuration(text string) error {
	value, err := time.ParseDuration(text)
	if err != nil {
		value, err = time.ParseDuration(text + "s")
	}
	if err != nil || value <= 0 {
		return errors.New("want a time such as 10, 300ms or 1m30s")
	}
	r.duration = value
	return nil
}

// plan checks the values and returns the plan of the measurement.
func (r *request) plan() (plan measure.Plan, err error) {
	plan = measure.Plan{Duration: r.duration, Fewer: !r.exact}
	if plan.Mechanisms, err = chooseMechanisms(r.mechanisms); err != nil {
		return plan, err
	}
	if plan.Descriptors, err = parseDescriptors(r.descriptors); err != nil {
		return plan, err
	}
	plan.Active, err = parseActive(r.active, slices.Max(plan.Descriptors))
	return plan, err
}

// measuredMechanisms returns the names of the mechanisms that this system has.
func measuredMechanisms() []string {
	var names []string
	for _, m := range measure.All() {
		if m.Available() == nil {
			names = append(names, m.Name)
		}
	}
	return names
}

// chooseMechanisms returns the mechanisms with these names, each once.
func chooseMechanisms(names []string) ([]measure.Mechanism, error) {
	available := strings.Join(measuredMechanisms(), ",")
	if available == "" {
		return nil, fmt.Errorf("nothing can be measured: %w: this system has none of the mechanisms", errors.ErrUnsupported)
	}
	var chosen []measure.Mechanism
	for _, name := range names {
		all := measure.All()
		i := slices.IndexFunc(all, func(m measure.Mechanism) bool { return m.Name == name })
		if i < 0 {
			return nil, misuse("--mechanisms: %q is unknown: use some of %s", name, available)
		}
		if err := all[i].Available(); errors.Is(err, errors.ErrUnsupported) {
			return nil, misuse("--mechanisms: this system has no %s: use some of %s", name, available)
		} else if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(chosen, func(m measure.Mechanism) bool { return m.Name == name }) {
			chosen = append(chosen, all[i])
		}
	}
	if len(chosen) == 0 {
		return nil, misuse("--mechanisms: name some of %s", available)
	}
	return chosen, nil
}

// parseDescriptors returns the numbers in order, each once.
func parseDescriptors(texts []string) ([]int, error) {
	var numbers []int
	for _, text := range texts {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 || n > measure.MostDescriptors {
			return nil, misuse("--descriptors: %q: want numbers from 1 to %d, such as 10,100", text, measure.MostDescriptors)
		}
		numbers = append(numbers, n)
	}
	if len(numbers) == 0 {
		return nil, misuse("--descriptors: want numbers, such as 10,100")
	}
	slices.Sort(numbers)
	return slices.Compact(numbers), nil
}

// parseActive returns the numbers of active pipes, each once. If there is none, no ring is
// measured.
func parseActive(texts []string, most int) ([]measure.Active, error) {
	var all []measure.Active
	for _, text := range texts {
		active, err := measure.ParseActive(strings.TrimSpace(text))
		switch {
		case err != nil:
			return nil, misuse("--active: %q: %w", text, err)
		case active.Of(most) > most:
			return nil, misuse("--active: %q: want at most %d, the largest number of descriptors", text, most)
		case !slices.Contains(all, active):
			all = append(all, active)
		}
	}
	return all, nil
}
