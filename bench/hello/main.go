// Hello prints a line. It is the least that a Go program does, to compare the start of iomux with.
package main

import "fmt"

func main() { fmt.Println("hello") }
