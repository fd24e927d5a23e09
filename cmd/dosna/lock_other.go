//go:build !linux

package main

import "os/exec"

// dieTogether does nothing where a process cannot be made to die with another.
func dieTogether(*exec.Cmd) {}
