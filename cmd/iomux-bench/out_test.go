package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"iomux/internal/test/wine"
)

// measured runs a short measurement with every workload, and returns the content of the file.
func measured(t *testing.T, name string) []byte {
	t.Helper()
	if len(measuredMechanisms()) == 0 {
		t.Skip("this system has none of the mechanisms")
	}
	path := filepath.Join(wine.Folder(t), name)
	out, err := exec.CommandContext(t.Context(), program(t), "--duration", "250ms", "--descriptors", "10,2", "--active", "1,50%", "--out", path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestWritesJSON(t *testing.T) {
	var got resultJSON
	decoder := json.NewDecoder(bytes.NewReader(measured(t, "results.json")))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Machine.System == "" || got.Machine.Processor == "" || got.Machine.CPUs < 1 || got.Sources == "" || got.Started.IsZero() || got.LeftOut == nil {
		t.Errorf("%+v", got)
	}
	names := measuredMechanisms()
	if want := len(names) * 2 * 3; len(got.Mechanisms) != len(names) || len(got.Results) != want {
		t.Errorf("%d mechanisms, %d results, want %d and %d", len(got.Mechanisms), len(got.Results), len(names), want)
	}
	for _, row := range got.Results {
		active := map[string]int{"": 1, "1": 1, "50%": row.Descriptors / 2}[row.Active]
		switch {
		case (row.Workload == "wait") != (row.Active == ""), row.ActiveDescriptors != active,
			row.LowerQuartile > row.Median, row.Median > row.UpperQuartile, row.LowerQuartile <= 0, len(row.Rounds) < got.Rounds:
			t.Errorf("%+v", row)
		}
	}
}

func TestWritesCSV(t *testing.T) {
	lines, err := csv.NewReader(bytes.NewReader(measured(t, "results.CSV"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 + len(measuredMechanisms())*2*3; len(lines) != want || strings.Join(lines[0][:3], " ") != "workload active descriptors" {
		t.Errorf("%d lines, want %d: %q", len(lines), want, lines[0])
	}
	for _, line := range lines[1:] {
		median, err := strconv.ParseFloat(line[7], 64)
		if err != nil || median <= 0 || line[5] != "true" && line[5] != "false" {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func TestDrawsCharts(t *testing.T) {
	if _, err := png.Decode(bytes.NewReader(measured(t, "chart.png"))); err != nil {
		t.Error(err)
	}
	decoder := xml.NewDecoder(bytes.NewReader(measured(t, "chart.svg")))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if page := measured(t, "page.html"); !bytes.HasPrefix(page, []byte("<!DOCTYPE html>")) || !bytes.HasSuffix(page, []byte("</html>\n")) {
		t.Errorf("%.100q … is not a page", page)
	}
}

func TestEveryFormatIsOffered(t *testing.T) {
	names := formatNames()
	for _, name := range names {
		if formats[name] == nil {
			t.Errorf("%s is listed, but has no function", name)
		}
	}
	if len(names) != len(formats) {
		t.Errorf("%q are listed, but there are %d formats", names, len(formats))
	}
}
