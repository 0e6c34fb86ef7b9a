// Follow prints files and the data that is appended to them, like tail -f. It uses package kqueue.
// It runs on macOS and the BSDs, and on Linux with the emulation:
//
//	follow log.txt other.txt
//
// It ends after ten seconds without new data, or when it is interrupted.
package main

import (
	"fmt"
	"os"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: follow file...")
		os.Exit(2)
	}
	if err := follow(os.Stdout, os.Args[1:], 10*time.Second); err != nil {
		fmt.Fprintln(os.Stderr, "follow:", err)
		os.Exit(1)
	}
}
