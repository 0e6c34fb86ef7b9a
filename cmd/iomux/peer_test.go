package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"time"
)

// peer is the command that scripts use as the other end of iomux.
//
//	peer unix|unixgram|unixpacket PATH   makes a socket, prints a line, and holds it until EOF
//	peer send udp ADDRESS TEXT           sends one datagram
//	peer read tcp ADDRESS                connects and reads until the other end closes
//	peer interrupts                      prints a line for each, until a second after the last
func peer() {
	if err := runPeer(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func runPeer(args []string) error {
	switch args[0] {
	case "interrupts":
		printInterrupts()
		return nil
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

func printInterrupts() {
	interrupts := make(chan os.Signal, 10)
	signal.Notify(interrupts, os.Interrupt)
	fmt.Println("ready")
	for pause := time.Minute; ; pause = time.Second {
		select {
		case <-interrupts:
			fmt.Println("interrupt")
		case <-time.After(pause):
			fmt.Println("end")
			return
		}
	}
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
