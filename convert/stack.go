package convert

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// pictureKind returns the format of a picture file by its name's ending: tiff,
// png, jpeg, or "".
func pictureKind(path string) string {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".tif", ".tiff", ".btf", ".tf8":
		return "tiff"
	case ".png":
		return "png"
	case ".jpg", ".jpeg":
		return "jpeg"
	}
	return ""
}

// OpenPictures opens a picture, or a stack of them: a TIFF, PNG or JPEG file, a
// directory of such files (others in it are passed over), or a pattern as of
// path/filepath.Match. Files of a stack come in the order of their names, numbers
// in which count by their value: slice_9 comes before slice_10. They must be
// alike, and are the first axis of the array; a stack has it even with a single
// file. Pictures in colour have a last axis of 3 colours, or 4 with alpha.
//
// Grey PNG pictures of fewer than 8 bits are spread over 8, and palettes looked
// up; grey with alpha becomes colours with alpha.
func OpenPictures(path string) (*File, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return openDirectory(path)
	case err != nil && isPattern(path):
		names, err := filepath.Glob(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("%s: no file has such a name: %w", path, os.ErrNotExist)
		}
		return openStack(path, names)
	case err != nil:
		return nil, err
	}
	p, closing, err := openPicture(path)
	if err != nil {
		return nil, err
	}
	return p.file(path, closing)
}

func isPattern(path string) bool { return strings.ContainsAny(path, "*?[") }

func openDirectory(path string) (*File, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && pictureKind(e.Name()) != "" {
			names = append(names, filepath.Join(path, e.Name()))
		}
	}
	if names == nil {
		return nil, fmt.Errorf("%s is a directory without pictures (.tif, .png, .jpg), not a file with an array", path)
	}
	return openStack(path, names)
}

// openStack looks at all files, so that one that does not fit is known at once.
func openStack(name string, paths []string) (*File, error) {
	slices.SortFunc(paths, compareNatural)
	heads := make([]*planes, len(paths))
	var g errgroup.Group
	g.SetLimit(16)
	for i, path := range paths {
		g.Go(func() error {
			p, closing, err := openPicture(path)
			if err != nil {
				return err
			}
			heads[i] = p
			p.read = nil // it holds what is closed
			return closing()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	first := heads[0]
	for i, p := range heads {
		if err := fits(paths[i], p, paths[0], first); err != nil {
			return nil, err
		}
	}
	stack := &planes{n: len(paths), shape: first.shape, t: first.t}
	stack.read = func(ctx context.Context, i, from, rows int, dst []byte) (err error) {
		p, closing, err := openPicture(paths[i])
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closing()) }()
		if err := fits(paths[i], p, paths[0], first); err != nil {
			return err
		}
		return p.read(ctx, 0, from, rows, dst)
	}
	f, err := stack.file(name, nil)
	if err != nil {
		return nil, err
	}
	f.gaps = numbering(paths)
	return f, nil
}

// fits reports how a picture differs from the first of a stack.
func fits(path string, p *planes, firstPath string, first *planes) error {
	if p.n > 0 {
		return fmt.Errorf("%s has %d pages; files of a stack have one each", path, p.n)
	}
	if !slices.Equal(p.shape, first.shape) || p.t != first.t {
		return fmt.Errorf("%s is %v of %s, and %s %v of %s: pictures of a stack must be alike", path, p.shape, p.t, firstPath, first.shape, first.t)
	}
	return nil
}

// compareNatural orders names, numbers in them by their value.
func compareNatural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		i, j := digits(x), digits(y)
		if i == 0 || j == 0 {
			if x[0] != y[0] {
				return int(x[0]) - int(y[0])
			}
			x, y = x[1:], y[1:]
			continue
		}
		m, n := strings.TrimLeft(x[:i], "0"), strings.TrimLeft(y[:j], "0")
		if len(m) != len(n) {
			return len(m) - len(n)
		}
		if c := strings.Compare(m, n); c != 0 {
			return c
		}
		x, y = x[i:], y[j:]
	}
	if len(x) != len(y) {
		return len(x) - len(y)
	}
	return strings.Compare(a, b)
}

// digits returns how many digits a text begins with.
func digits(s string) int {
	return len(s) - len(strings.TrimLeft(s, "0123456789"))
}

// isPictures reports whether a name is that of something for OpenPictures: a
// picture, a directory, or a pattern that is no file's name.
func isPictures(path string) bool {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return true
	case err != nil && isPattern(path):
		return true
	}
	return pictureKind(path) != ""
}
