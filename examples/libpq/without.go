//go:build !libpq

// Libpq does nothing without the tag libpq: see main.go.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "libpq: build it with -tags libpq")
	os.Exit(1)
}
