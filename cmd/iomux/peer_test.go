package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

// peer is the command that scripts use as the other end of iomux.
//
//	peer unix|unixgram|unixpacket PATH   makes a socket, prints a line, and holds it until EOF
//	peer send udp ADDRESS TEXT           sends one datagram
//	peer read tcp ADDRESS                connects and reads until the other end closes
func peer() {
	if err := runPeer(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func runPeer(args []string) error {
	switch args[0] {
	case "send":
		conn, err := net.Dial(args[1], args[2])
		if err != nil {
			return err
		}
		_, err = io.WriteString(conn, args[3])
		return err
	case "read":
		conn, err := net.Dial(args[1], args[2])
		if err != nil {
			return err
		}
		_, err = io.Copy(os.Stdout, conn)
		return err
	}
	return hold(args[0], args[1])
}

func hold(network, path string) error {
	var socket io.Closer
	var err error
	if network == "unixgram" {
		socket, err = net.ListenPacket(network, path)
	} else {
		socket, err = net.Listen(network, path)
	}
	if err != nil {
		return err
	}
	fmt.Println("listening")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return socket.Close()
}
