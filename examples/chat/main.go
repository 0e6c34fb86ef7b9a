// Chat is a chat room for telnet, on connections of package net:
//
//	chat 127.0.0.1:7008
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
		fmt.Fprintln(os.Stderr, "usage: chat address:port")
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
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1) //nolint:gocritic // there is nothing left to clean up
	}
}
