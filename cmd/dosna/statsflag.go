package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dosna/dosna"
)

// statsFlag asks a command to tell what it has taken.
type statsFlag struct {
	json    bool
	profile *dosna.Profile // nil: not asked for
}

func (f *statsFlag) Type() string   { return "text|json" }
func (f *statsFlag) String() string { return "" }
func (f *statsFlag) Set(s string) error {
	if s != "text" && s != "json" {
		return fmt.Errorf("%q is none of text, json", s)
	}
	f.json, f.profile = s == "json", new(dosna.Profile)
	return nil
}

// statsTold is what a command has taken, in JSON. Times are in seconds.
type statsTold struct {
	Wall    float64        `json:"wall_seconds"`
	CPU     *float64       `json:"cpu_seconds"` // null: this system does not tell
	Store   float64        `json:"store_seconds"`
	Codecs  float64        `json:"codec_seconds"`
	Decoded int64          `json:"decoded"`
	Encoded int64          `json:"encoded"`
	Read    int64          `json:"bytes_read"`
	Written int64          `json:"bytes_written"`
	Most    int64          `json:"requests_at_a_time"` // at most
	Retries int64          `json:"retries"`
	Hits    int64          `json:"cache_hits"`
	Misses  int64          `json:"cache_misses"`
	Ops     []requestsTold `json:"requests"`
}

// requestsTold are the requests of one kind.
type requestsTold struct {
	Op      string           `json:"operation"`
	Count   int64            `json:"count"`
	Open    int64            `json:"unfinished,omitempty"` // when the command ended
	Read    int64            `json:"bytes_read"`
	Written int64            `json:"bytes_written"`
	Seconds float64          `json:"seconds"`
	Errors  map[string]int64 `json:"errors"` // by kind
}

// tellStats prints what the command has taken since it began, if that is asked
// for.
func (a *app) tellStats(began time.Time) {
	if a.accounts.profile == nil {
		return
	}
	s := a.accounts.profile.Stats()
	told := statsTold{
		Wall: time.Since(began).Seconds(), Store: s.Store.Seconds(), Codecs: s.Codecs.Seconds(), Decoded: s.Decoded, Encoded: s.Encoded,
		Most: s.Underway, Retries: s.Retries, Hits: s.CacheHits, Misses: s.CacheMisses, Ops: []requestsTold{},
	}
	if cpu, ok := cpuTime(); ok {
		seconds := cpu.Seconds()
		told.CPU = &seconds
	}
	for _, r := range s.Requests {
		told.Read += r.Received
		told.Written += r.Sent
		told.Ops = append(told.Ops, requestsTold{r.Op, r.Count, r.Underway, r.Received, r.Sent, r.Time.Seconds(), r.Errors})
	}
	text := jsonLine(told) + "\n"
	if !a.accounts.json {
		text = told.text()
	}
	_, _ = fmt.Fprint(a.err, text) // if even that fails, nothing is lost
}

func (t statsTold) text() string {
	var w strings.Builder
	total := fine(t.Wall)
	if t.CPU != nil {
		total += ", " + fine(*t.CPU) + " of processors"
	}
	rows := [][]string{
		{"time", total},
		{"store", fmt.Sprintf("%s in requests, added up; %d under way at a time, at most", fine(t.Store), t.Most)},
		{"codecs", fmt.Sprintf("%s in workers, added up: %d decoded, %d encoded", fine(t.Codecs), t.Decoded, t.Encoded)},
		{"retries", fmt.Sprint(t.Retries)},
	}
	if t.Hits+t.Misses > 0 {
		rows = append(rows, []string{"cache", fmt.Sprintf("%d hits, %d misses", t.Hits, t.Misses)})
	}
	table(&w, rows)
	rows = [][]string{{"REQUESTS", "COUNT", "READ", "WRITTEN", "TIME", "EACH", "ERRORS"}}
	sum := requestsTold{Op: "total", Read: t.Read, Written: t.Written, Seconds: t.Store}
	for _, r := range t.Ops {
		sum.Count += r.Count
		rows = append(rows, r.row())
	}
	table(&w, append(rows, sum.row()), 1, 2, 3, 4, 5)
	return w.String()
}

func (r requestsTold) row() []string {
	var errs []string
	for _, kind := range slices.Sorted(maps.Keys(r.Errors)) {
		errs = append(errs, fmt.Sprintf("%d %s", r.Errors[kind], kind))
	}
	if r.Open > 0 {
		errs = append(errs, fmt.Sprintf("%d unfinished", r.Open))
	}
	return []string{
		r.Op, fmt.Sprint(r.Count), size(r.Read), size(r.Written), fine(r.Seconds), fine(r.Seconds / float64(max(r.Count, 1))), strings.Join(errs, ", "),
	}
}

// fine prints seconds for people, also few.
func fine(s float64) string {
	d := time.Duration(s * float64(time.Second))
	if d < time.Millisecond {
		return fmt.Sprintf("%d µs", d.Microseconds())
	}
	return seconds(d)
}
