// Command delay passes connections on to a server on this machine, and what goes through
// them later by half a round trip in each direction: a server far away. It ends with its
// standard input.
//
//	delay --to HOST:PORT --roundtrip 20ms
//
// It prints the address to connect to.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

func main() {
	to := flag.String("to", "", "address of the server")
	roundtrip := flag.Duration("roundtrip", 20*time.Millisecond, "time for there and back")
	flag.Parse()
	if err := run(*to, *roundtrip/2); err != nil {
		fmt.Fprintln(os.Stderr, "bench/delay:", err)
		os.Exit(1)
	}
}

func run(to string, late time.Duration) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = l.Close()
	}()
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go func() {
			time.Sleep(2 * late) // of the handshake
			s, err := net.Dial("tcp", to)
			if err != nil {
				_ = c.Close()
				return
			}
			go pass(s, c, late)
			pass(c, s, late)
		}()
	}
}

// piece is what was read at once, and when it is to be written.
type piece struct {
	data []byte
	at   time.Time
}

// pass copies from one connection to the other, late. As much may be under way as a window of
// TCP holds.
func pass(dst, src net.Conn, late time.Duration) {
	under := make(chan piece, 64)
	go func() {
		defer close(under)
		for {
			data := make([]byte, 64<<10)
			n, err := src.Read(data)
			if n > 0 {
				under <- piece{data[:n], time.Now().Add(late)}
			}
			if err != nil {
				return
			}
		}
	}()
	for p := range under {
		time.Sleep(time.Until(p.at))
		if _, err := dst.Write(p.data); err != nil {
			break
		}
	}
	_ = dst.Close()
	_ = src.Close()
	for range under { // until the reader has seen that
	}
}
