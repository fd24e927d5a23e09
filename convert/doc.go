// Package convert brings arrays from files and pipes into datasets, and
// datasets, or selections of them, out into files, pipes, text and pictures.
//
//	        read  written
//	.npy    yes   yes      NumPy's format, versions 1 to 3 (numpy.lib.format)
//	.npz    yes   yes      members of NumPy's zip archives
//	.raw    yes   yes      elements alone; shape and type are told
//	.nii    yes   no       NIfTI-1 and NIfTI-2, also .nii.gz
//	.json   no    yes      nested lists
//	.tif    yes   yes      pages of rows and columns: one file, or a stack of them
//	.png    yes   yes      stacks of pictures; a plane in grey levels
//	.jpg    yes   yes      stacks of pictures
//
// Arrays are streamed: memory is bounded by [Options] and by one stored object
// of the dataset for each worker, whatever the array's size. Headers are parsed
// strictly and within bounds; what a format can hold and a dataset cannot
// (strings, records, Python objects) is an error that names it.
package convert
