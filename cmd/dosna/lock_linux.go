package main

import (
	"os/exec"
	"syscall"
)

// dieTogether lets a command die with the thread that starts it: without this process
// nobody would end it when its lock ends.
func dieTogether(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
