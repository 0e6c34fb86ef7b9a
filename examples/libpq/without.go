//go:build !libpq

// Libpq needs the build tag libpq. See main.go.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "libpq: build it with -tags libpq")
	os.Exit(1)
}
