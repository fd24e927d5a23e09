//go:build static || !(linux || darwin || windows) || !(amd64 || arm64)

package dl

import "errors"

var errNone = errors.New("this binary was built without loading of native libraries (build tag static, or a platform that has none)")

func open(string) (uintptr, error) { return 0, errNone }

func symbol(uintptr, string) (uintptr, error) { return 0, errNone }

// Call returns 0: no Func exists in this build.
func (f Func) Call(...uintptr) uintptr { return 0 }

// Call6 returns 0: no Func exists in this build.
func (f Func) Call6(_, _, _, _, _, _ uintptr) uintptr { return 0 }

// Call9 returns 0: no Func exists in this build.
func (f Func) Call9(_, _, _, _, _, _, _, _, _ uintptr) uintptr { return 0 }

// Bind returns an error: no library can be loaded in this build.
func (l *Library) Bind(any, string) error { return errNone }

// Callback returns 0: nothing can call it in this build.
func Callback(any) uintptr { return 0 }
