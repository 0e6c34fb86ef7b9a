// Hello prints a line. It is a minimal Go program, for comparison with the start of iomux.
package main

import "fmt"

func main() { fmt.Println("hello") }
