package render

import (
	"bytes"
	_ "embed" // for the colour tables
	"fmt"
	"image/color"
	"image/png"
	"slices"
	"strings"
	"sync"
)

// Colormap is the colours of a scale from low to high.
type Colormap [256]color.NRGBA

// colormapFile has a row of 256 pixels for each of tableNames.
//
// Viridis, magma, inferno and plasma are by Nathaniel J. Smith, Stéfan van der
// Walt and (viridis) Eric Firing, in the public domain under CC0. Turbo is by
// Anton Mikhailov, copyright 2019 Google LLC, under the Apache licence 2.0.
//
//go:embed colormaps.png
var colormapFile []byte

var tableNames = []string{"viridis", "magma", "inferno", "plasma", "turbo"}

// Colormaps returns the names of the colormaps. The first is the default.
func Colormaps() []string {
	return append([]string{"gray"}, append(slices.Clone(tableNames), "coolwarm")...)
}

// ColormapByName returns a colormap; "" is gray. Names that end in "_r" are
// reversed ones.
func ColormapByName(name string) (*Colormap, error) {
	if base, ok := strings.CutSuffix(name, "_r"); ok {
		m, err := ColormapByName(base)
		if err != nil {
			return nil, err
		}
		reversed := *m
		slices.Reverse(reversed[:])
		return &reversed, nil
	}
	if name == "" {
		name = "gray"
	}
	maps, err := loadColormaps()
	if err != nil {
		return nil, err
	}
	if m := maps[name]; m != nil {
		return m, nil
	}
	return nil, fmt.Errorf("unknown colormap %q (known: %s; with _r reversed)", name, strings.Join(Colormaps(), ", "))
}

var loadColormaps = sync.OnceValues(func() (map[string]*Colormap, error) {
	maps := map[string]*Colormap{"gray": {}, "coolwarm": coolwarm()}
	for i := range 256 {
		maps["gray"][i] = color.NRGBA{uint8(i), uint8(i), uint8(i), 255}
	}
	img, err := png.Decode(bytes.NewReader(colormapFile))
	if err != nil {
		return nil, fmt.Errorf("the table of colormaps: %w", err)
	}
	for y, name := range tableNames {
		maps[name] = &Colormap{}
		for x := range 256 {
			maps[name][x] = color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
		}
	}
	return maps, nil
})
