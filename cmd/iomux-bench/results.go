package main

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"time"

	"iomux/cmd/iomux-bench/internal/measure"
)

// resultJSON is the content of a .json file.
type resultJSON struct {
	Machine    measure.Machine `json:"machine"`
	Started    time.Time       `json:"started"`
	Sources    string          `json:"sources"`
	Rounds     int             `json:"rounds"`
	Mechanisms []measuredJSON  `json:"mechanisms"`
	Results    []rowJSON       `json:"results"`
	LeftOut    []string        `json:"left_out"`
}

type measuredJSON struct {
	Name   string `json:"name"`
	Native bool   `json:"native"`
	By     string `json:"by,omitempty"`
}

// rowJSON holds the times of one operation in nanoseconds.
type rowJSON struct {
	Workload          string    `json:"workload"`
	Active            string    `json:"active,omitempty"` // from --active
	Descriptors       int       `json:"descriptors"`
	ActiveDescriptors int       `json:"active_descriptors"`
	Mechanism         string    `json:"mechanism"`
	Native            bool      `json:"native"`
	Median            float64   `json:"median_ns"`
	LowerQuartile     float64   `json:"lower_quartile_ns"`
	UpperQuartile     float64   `json:"upper_quartile_ns"`
	Rounds            []float64 `json:"rounds_ns"`
}

func rowsOf(r *measure.Result) []rowJSON {
	var rows []rowJSON
	for _, row := range r.Rows {
		rows = append(rows, rowJSON{row.Workload.Name(), row.Workload.Asked(), row.Descriptors, row.Active, row.Mechanism.Name,
			row.Mechanism.Native, row.Median(), row.Low(), row.High(), row.Times})
	}
	return rows
}

func writeJSON(w io.Writer, r *measure.Result) error {
	answer := resultJSON{Machine: r.Machine, Started: r.Started, Sources: r.Sources, Rounds: r.Rounds, Results: rowsOf(r),
		LeftOut: append([]string{}, r.LeftOut...)}
	for _, m := range r.Mechanisms {
		answer.Mechanisms = append(answer.Mechanisms, measuredJSON{m.Name, m.Native, m.By})
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(answer)
}

func writeCSV(w io.Writer, r *measure.Result) error {
	lines := [][]string{{"workload", "active", "descriptors", "active_descriptors", "mechanism", "native", "rounds", "median_ns",
		"lower_quartile_ns", "upper_quartile_ns"}}
	nanoseconds := func(value float64) string { return strconv.FormatFloat(value, 'f', 1, 64) }
	for _, row := range rowsOf(r) {
		lines = append(lines, []string{row.Workload, row.Active, strconv.Itoa(row.Descriptors), strconv.Itoa(row.ActiveDescriptors),
			row.Mechanism, strconv.FormatBool(row.Native), strconv.Itoa(len(row.Rounds)), nanoseconds(row.Median),
			nanoseconds(row.LowerQuartile), nanoseconds(row.UpperQuartile)})
	}
	return csv.NewWriter(w).WriteAll(lines)
}
