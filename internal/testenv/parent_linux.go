package testenv

import "syscall"

// dieWithParent has a process end with the one that started it, which may be killed.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
