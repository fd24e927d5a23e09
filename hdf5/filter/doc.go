// Package filter undoes the filters of HDF5's pipelines, through which the chunks of datasets and the
// blocks of heaps have gone before they were stored.
//
// It knows those that the HDF5 library has (HDF5 File Format Specification, section IV.A.2.l) and
// these of the registry (https://github.com/HDFGroup/hdf5_plugins, "Registered Filter Plugins"):
//
//	    1 deflate        RFC 1950
//	    2 shuffle        bytes of equal significance together
//	    3 fletcher32     a checksum, which is checked
//	    4 szip           CCSDS 121.0-B-3, in the form of the SZIP library
//	    5 nbit           the bits that count
//	    6 scaleoffset    integers, and floats of so many decimals, from a minimum on
//	  307 bzip2
//	32000 lzf            LibLZF, in the form of h5py
//	32001 blosc          c-blosc 1
//	32004 lz4            blocks of LZ4
//	32008 bitshuffle     bits of equal significance together; then LZ4 or Zstandard
//	32015 zstd           RFC 8878
//	32026 blosc2         frames of c-blosc 2
//
// Decoders are bounded: none returns or takes memory for more than its caller expects, and what is
// wrong is an error that wraps compress.ErrCorrupt or compress.ErrTooLarge.
package filter
