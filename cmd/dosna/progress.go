package main

import (
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/dosna/dosna"
)

// patience is how long something takes before its progress is shown.
const patience = 400 * time.Millisecond

// progress returns options like o that show the progress of long calls on a
// terminal, and a function to call when the work is over.
func (a *app) progress(what string, o dosna.Options) (dosna.Options, func()) {
	f, ok := a.err.(*os.File)
	if !ok || a.quiet || a.json || !term.IsTerminal(int(f.Fd())) {
		return o, func() {}
	}
	start := time.Now()
	var bar *progressbar.ProgressBar
	o.Progress = func(done, total int) {
		if bar == nil {
			if time.Since(start) < patience {
				return
			}
			bar = progressbar.NewOptions64(int64(total),
				progressbar.OptionSetWriter(f), progressbar.OptionSetDescription(what), progressbar.OptionSetWidth(30),
				progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
				progressbar.OptionSetPredictTime(true), progressbar.OptionShowElapsedTimeOnFinish())
		}
		if bar.GetMax64() != int64(total) {
			bar.ChangeMax64(int64(total))
		}
		_ = bar.Set64(int64(done)) // a terminal that is gone is no reason to stop
	}
	return o, func() {
		if bar != nil {
			_ = bar.Exit()
			_ = bar.Clear()
		}
	}
}
