package elapsed

import (
	"testing"
	"time"
)

func TestNowGoesOn(t *testing.T) {
	first := Now()
	time.Sleep(2 * time.Millisecond)
	if d := Now() - first; d < 2*time.Millisecond {
		t.Errorf("%v have elapsed in 2 ms", d)
	}
}
