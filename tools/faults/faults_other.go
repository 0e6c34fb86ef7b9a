//go:build !linux

package main

import "fmt"

func main() { fmt.Println("faults: left out: only Linux has strace's fault injection") }
