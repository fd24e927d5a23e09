package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/dosna/dosna"
	"github.com/dosna/dosna/codec"
)

// datasetInfo is what there is to say of a dataset without looking at its
// chunks.
type datasetInfo struct {
	Path     string           `json:"path"`
	Kind     string           `json:"kind"`
	Format   int              `json:"zarr_format"`
	Shape    []int            `json:"shape"`
	Type     string           `json:"dtype"`
	Chunks   []int            `json:"chunks"`
	Shards   []int            `json:"shards,omitempty"`
	Edges    [][]int          `json:"edges,omitempty"` // of a rectilinear grid, see dosna.Dataset.Edges
	Codecs   []codec.Spec     `json:"codecs"`
	Checksum bool             `json:"checksum"`
	Fill     json.RawMessage  `json:"fill_value"`
	Dims     []string         `json:"dimension_names,omitempty"`
	Bytes    int              `json:"bytes"`
	Attrs    dosna.Attributes `json:"attributes"`
}

func describe(d *dosna.Dataset) datasetInfo {
	return datasetInfo{
		Path: d.Path(), Kind: "dataset", Format: d.Format(), Shape: d.Shape(), Type: d.Type().String(), Chunks: d.Chunks(), Shards: d.Shards(), Edges: d.Edges(),
		Codecs: d.Codecs(), Checksum: d.Checked(), Fill: d.Type().FormatFill(d.Fill()), Dims: d.DimensionNames(),
		Bytes: d.Bytes(), Attrs: d.Attrs(),
	}
}

// groupInfo is what there is to say of a group.
type groupInfo struct {
	Path     string           `json:"path"`
	Kind     string           `json:"kind"`
	Format   int              `json:"zarr_format"`
	Children []string         `json:"children"`
	Attrs    dosna.Attributes `json:"attributes"`
}

// chunking says how a dataset is cut: "chunks of (64, 64, 64)".
func chunking(d *dosna.Dataset) string {
	if shards := d.Shards(); shards != nil {
		return fmt.Sprintf("chunks of %s in shards of %s", tuple(d.Chunks()), cells(shards, d.Edges()))
	}
	return "chunks of " + cells(d.Chunks(), d.Edges())
}

// codecsText prints codecs as a person would say them: "bytes little, zstd level
// 3, crc32c".
func codecsText(specs []codec.Spec) string {
	words := make([]string, len(specs))
	for i, s := range specs {
		words[i] = codecText(s)
	}
	return strings.Join(words, ", ")
}

func codecText(s codec.Spec) string {
	var c struct {
		Codecs []codec.Spec `json:"codecs"`
		Index  []codec.Spec `json:"index_codecs"`
	}
	if s.Name == "sharding_indexed" && json.Unmarshal(s.Config, &c) == nil {
		return fmt.Sprintf("shards of [%s], index [%s]", codecsText(c.Codecs), codecsText(c.Index))
	}
	var config map[string]json.RawMessage
	if json.Unmarshal(s.Config, &config) != nil {
		return s.Name
	}
	words := []string{s.Name}
	var names []string
	for name := range config {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		value := string(bytes.Trim(config[name], `"`))
		switch {
		case value == "false":
		case name == "endian" || name == "cname":
			words = append(words, value)
		default:
			words = append(words, name+" "+value)
		}
	}
	return strings.Join(words, " ")
}
