package s3store

import "time"

// SetAbandoned has uploads taken for abandoned that are as old.
func SetAbandoned(age time.Duration) (undo func()) {
	old := abandoned
	abandoned = age
	return func() { abandoned = old }
}
