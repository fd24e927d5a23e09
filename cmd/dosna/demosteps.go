package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/convert"
	"github.com/dosna/dosna/dtype"
	"github.com/dosna/dosna/nd"
	"github.com/dosna/dosna/ops"
	"github.com/dosna/dosna/render"
)

// step tells how long something took, and notes it.
func (d *demo) step(name string, start time.Time, bytes int, u dosna.Usage, format string, args ...any) {
	took := time.Since(start)
	d.report.Steps = append(d.report.Steps, demoStep{name, took.Seconds(), float64(bytes) / took.Seconds(), u.Objects, u.Stored})
	d.say("%-8s %s\n%-8s %s, %s\n", name, fmt.Sprintf(format, args...), "", seconds(took), speed(int64(bytes), took))
}

func (d *demo) store(ctx context.Context, p place) (*dosna.Dataset, error) {
	d.spec.Shape, d.spec.Type = d.source.Shape(), d.source.Type()
	start := time.Now()
	opts, finish := d.progress("storing", p.Options())
	raw, err := p.BuildDataset(ctx, "/raw", d.spec, func(ctx context.Context, raw *dosna.Dataset) error {
		return d.load(ctx, raw.With(opts))
	})
	finish()
	if err != nil {
		return nil, err
	}
	if err := p.Sync(ctx); err != nil {
		return nil, err
	}
	u, err := raw.Usage(ctx)
	if err != nil {
		return nil, err
	}
	d.report.Raw = describe(raw)
	d.step("store", start, raw.Bytes(), u, "%s, %s\n%-8s %s%s", chunking(raw), codecsText(raw.Codecs()), "", objects(u.Objects, u.Stored), smaller(raw, u))
	return raw, nil
}

func (d *demo) blur(ctx context.Context, p place, raw *dosna.Dataset) (*dosna.Dataset, error) {
	start := time.Now()
	v := derivation{fill: func(ctx context.Context, out, from *dosna.Dataset) error {
		return ops.Blur(ctx, out, from, ops.GaussianOptions{Sigma: d.sigma})
	}}
	if k := raw.Type().Kind(); k != dtype.Float && k != dtype.Complex {
		v.dtype = dtype.Float32 // keeps the fractions
	}
	opts, finish := d.progress("blurring", p.Options())
	blurred, err := v.make(ctx, place{p.Connection, "/blurred"}, raw.With(opts))
	finish()
	if err != nil {
		return nil, err
	}
	if err := p.Sync(ctx); err != nil {
		return nil, err
	}
	u, err := blurred.Usage(ctx)
	if err != nil {
		return nil, err
	}
	d.report.Blurred = describe(blurred)
	sigma := numbersFlag{values: d.sigma}
	d.step("blur", start, raw.Bytes(), u, "Gaussian of sigma %s, each chunk with what surrounds it: no seams\n%-8s %s%s",
		sigma.String(), "", objects(u.Objects, u.Stored), smaller(blurred, u))
	return blurred, nil
}

func (d *demo) verify(ctx context.Context, datasets ...*dosna.Dataset) error {
	start := time.Now()
	bytes := 0
	var u dosna.Usage
	for _, one := range datasets {
		opts, finish := d.progress("verifying", one.Connection().Options())
		var faults []string
		n, err := one.With(opts).Verify(ctx, func(f dosna.Fault) { faults = append(faults, f.Err.Error()) })
		finish()
		if err != nil {
			return err
		}
		if faults != nil {
			return fmt.Errorf("%s: %w: %s", one, errDamaged, strings.Join(faults, "; "))
		}
		u.Objects += n
		bytes += one.Bytes()
	}
	how := "every checksum is right"
	if !datasets[0].Checked() {
		how = "all of them decode"
	}
	d.step("verify", start, bytes, u, "%s read again: %s", count(u.Objects, "object"), how)
	return nil
}

// look prints a window in the middle of a plane, and draws the plane.
func (d *demo) look(ctx context.Context, raw, blurred *dosna.Dataset) error {
	plane, window := d.middle(raw.Shape())
	for _, one := range []*dosna.Dataset{raw, blurred} {
		d.say("\nprint(%s[%s])\n", one.Name(), window)
		if d.json || d.quiet {
			continue
		}
		if err := convert.Print(ctx, d.out, one, window, &render.TextOptions{Precision: 4}); err != nil {
			return err
		}
	}
	o := render.ImageOptions{Size: 512}
	if raw.Type().Kind() != dtype.Complex { // the same greys before and after
		s, err := ops.Stats(ctx, raw, plane, ops.StatsOptions{Percentiles: []float64{0.5, 99.5}})
		if err != nil {
			return err
		}
		if s.Count > 0 {
			o.Range = render.Between(s.Percentiles[0].Value, s.Percentiles[1].Value)
		}
	}
	d.say("\n")
	for _, picture := range []struct {
		d    *dosna.Dataset
		file string
		path *string
	}{{raw, demoBefore, &d.report.Before}, {blurred, demoAfter, &d.report.After}} {
		*picture.path = filepath.Join(d.dir, picture.file)
		pixels, err := convert.DrawFile(ctx, picture.d, plane, *picture.path, &o)
		if err != nil {
			return err
		}
		d.say("drew     %s  (%s[%s], %d×%d pixels)\n", *picture.path, picture.d.Name(), plane, pixels.X, pixels.Y)
	}
	d.say("\nGo on with:\n")
	for _, line := range []string{"info %s", "stats %s --histogram 10 --percentiles 5,50,95", "show %s -o picture.png --colormap viridis '%s'"} {
		address := shellWord(d.report.Tree + "#/raw")
		if strings.Count(line, "%s") == 2 {
			d.say("  dosna "+line+"\n", address, plane)
			continue
		}
		d.say("  dosna "+line+"\n", address)
	}
	return nil
}

// middle selects a plane of the last two axes, through the middle (of the
// phantom, where most is to be seen), and a window on it.
func (d *demo) middle(shape []int) (plane, window nd.Selection) {
	var at, part []nd.Index
	for i, n := range shape {
		switch {
		case n == 0:
			return nd.Selection{}, nd.Selection{}
		case i < len(shape)-2 && d.phantom:
			at = append(at, nd.At(n*3/8))
		case i < len(shape)-2:
			at = append(at, nd.At(n/2))
		default:
			const width = 6
			start := max(n/2-width/2, 0)
			part = append(part, nd.Range(start, min(start+width, n)))
		}
	}
	return nd.Sel(at...), nd.Sel(slices.Concat(at, part)...)
}

// shellWord quotes a text for a shell if it needs that.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:=@%,#", r)
	}
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 && !strings.HasPrefix(s, "#") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
