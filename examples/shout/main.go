// Shout is a server that returns the text of its clients in upper case. It uses package epoll, and
// runs on every system that has epoll or an emulation of it:
//
//	shout 127.0.0.1:7009
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: shout address:port")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	listener, err := net.Listen("tcp", os.Args[1])
	if err == nil {
		fmt.Println("listening on", listener.Addr())
		err = serve(ctx, listener)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "shout:", err)
		os.Exit(1) //nolint:gocritic // there is nothing left to clean up
	}
}
