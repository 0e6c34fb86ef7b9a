package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"iomux/cmd/iomux-bench/internal/measure"
)

// printResult prints a table for each workload, and notes about the measurement.
func printResult(w io.Writer, r *measure.Result) error {
	for _, workload := range r.Workloads {
		if _, err := fmt.Fprintf(w, "%s: time per %s\n", workload.Title(), workload.Operation()); err != nil {
			return err
		}
		if err := printTable(w, r, workload); err != nil {
			return err
		}
	}
	lines := []string{r.Machine.String(), r.Method()}
	if r.Rounds >= leastForSpread {
		lines[1] += " ± is half the distance between the quartiles."
	}
	for _, m := range r.Mechanisms {
		if !m.Native {
			lines = append(lines, "* "+m.Name+" is emulated on this system.")
		}
	}
	for _, what := range r.LeftOut {
		lines = append(lines, "Left out: "+what+".")
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// leastForSpread is the smallest number of rounds whose quartiles are printed.
const leastForSpread = 3

func printTable(w io.Writer, r *measure.Result, workload measure.Workload) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	// Flush returns the error.
	line := func(columns []string) { _, _ = fmt.Fprintln(table, strings.Join(columns, "\t")+"\t") }
	columns := []string{"n"}
	for _, m := range r.Mechanisms {
		name := m.Name
		if !m.Native {
			name += "*"
		}
		columns = append(columns, name)
	}
	line(columns)
	for _, n := range r.Descriptors {
		columns := []string{fmt.Sprint(n)}
		for _, m := range r.Mechanisms {
			columns = append(columns, cell(r.Find(workload, n, m.Name)))
		}
		line(columns)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

// cell returns the median and, after enough rounds, the spread.
func cell(row *measure.Row) string {
	switch {
	case row == nil:
		return "-"
	case len(row.Times) < leastForSpread:
		return measure.Time(row.Median())
	}
	return fmt.Sprintf("%s ±%.0f%%", measure.Time(row.Median()), math.Ceil(100*row.Spread()))
}
