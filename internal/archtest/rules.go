package archtest

// A room is a package, or a group of them, and what its code may import from
// this module. Patterns are those of [match], separated by spaces. Tests may
// import any package of the module.
type room struct{ packages, imports string }

const (
	// ground is what every room above the stores may build on.
	ground = "nd dtype internal/..."
	// below is what lies under the API, except the backends.
	below = ground + " store store/layer codec zarr engine lock hdf5 hdf5/filter"
)

// rooms are the arrows of the architecture, bottom to top; the first line that
// matches a package counts. A package in no line is an error: a new package
// needs a place before it has code. Rooms still to be built have theirs.
var rooms = []room{
	{"internal/archtest internal/testenv", ""},
	{"internal/...", "nd internal/..."},
	{"nd", ""},
	{"dtype", "nd internal/..."},
	{"store", "nd internal/..."},
	{"engine", "nd internal/..."},
	{"hdf5/filter", "internal/..."},
	{"hdf5", ground + " hdf5/filter"},
	{"netcdf3", ground},

	{"store/all", "nd internal/... store store/layer store/*store"},
	{"store/storetest", "nd internal/... store store/storetest/check"},
	{"store/gather store/present", "nd internal/... store"},
	{"store/hdf5store", ground + " store store/present hdf5 hdf5/filter"},
	{"store/originalstore", ground + " store store/present hdf5"},
	{"store/netcdf3store", ground + " store store/present netcdf3"},
	{"store/layer store/storetest/check store/*store", "nd internal/... store store/gather"},
	{"codec", ground + " hdf5 hdf5/filter"},
	{"codec/codectest", ground + " codec"},
	{"engine/enginetest engine/mpi", "nd internal/... engine"},

	{"zarr", ground + " codec"},
	{"lock", "nd internal/... store"},
	{"lock/locktest", "nd internal/... store store/layer lock"},

	{".", below + " store/all"},

	{"ops/internal/...", ground + " ops/internal/..."},
	{"ops", below + " . ops/internal/..."},
	{"phantom render", ground},
	{"convert", below + " . render"},
	{"serve", below + " ."},
	{"wos catalog mount gateway", below + " ."},
	{"catalog/*cat", below + " . catalog"},

	{"interop", ""}, // tests only
	{"cmd/... bench/...", "..."},
}

// testOnly packages are for tests: no other code may import them, whatever
// rooms says.
const testOnly = "internal/archtest internal/testenv " + kits

// A library is a package outside this module, by the beginning of its import
// path, and the rooms that may use it in code and in tests.
type library struct{ path, code, tests, why string }

// libraries lists every third-party package in use, and those of the standard
// library that are for some rooms only. The first line that matches counts; a
// third-party package in no line is an error, since each is one more thing that
// our users have to trust.
var libraries = []library{
	{"C", "", "", "native libraries are loaded at run time, see docs/decisions"},
	{"log/slog", "...", "...", ""},
	{"log", "cmd/... gateway bench/...", "...", "libraries return errors, and log through a *slog.Logger they are given"},
	{"net/http", "store/httpstore store/s3store gateway cmd/... bench/... internal/testenv", "...", "only these speak HTTP"},

	{"github.com/ebitengine/purego", "internal/...", "internal/...", "native libraries are reached through internal/dl"},
	{"github.com/klauspost/compress", "internal/compress/...", "...", "compression is in internal/compress"},
	{"github.com/pierrec/lz4", "internal/compress/...", "...", "compression is in internal/compress"},
	{"github.com/aws", "store/s3store", "store/...", "the S3 client is known to its backend only"},
	{"github.com/spf13/cobra", "cmd/...", "cmd/...", "flags are read in commands only"},
	{"github.com/spf13/pflag", "cmd/...", "cmd/...", "flags are read in commands only"},
	{"github.com/schollz/progressbar", "cmd/...", "cmd/...", "only commands draw on a terminal"},
	{"golang.org/x/term", "cmd/...", "cmd/...", "only commands draw on a terminal"},
	{"golang.org/x/image", "render convert cmd/...", "render convert cmd/...", "pictures are made in render, convert and commands"},
	{"golang.org/x/sync", "...", "...", ""},
	{"golang.org/x/sys/cpu", "internal/... ops/internal/...", "...", "inner loops that come in several versions are in internal packages"},
	{"golang.org/x/sys", "store/... internal/... engine/mpi mount serve cmd/...", "...", "system calls are for those next to the system"},

	{"testing/iotest", "store/storetest/...", "...", "it is for tests"},
	{"testing", "internal/testenv " + kits, "...", "it is for tests, and no program links them"},
	{"pgregory.net/rapid", kits, "...", "it is for tests"},
	{"go.uber.org/goleak", kits, "...", "it is for tests"},
	{"github.com/rogpeppe/go-internal", "", "...", "it is for tests"},
}

// kits are packages of tests that others run over their own implementations.
const kits = "store/storetest codec/codectest engine/enginetest internal/compress/compresstest lock/locktest"

// neverLinked packages are in no program, whoever imports them.
const neverLinked = "testing pgregory.net/rapid go.uber.org/goleak"

// forbiddenNames say nothing of what a package does, and so collect anything.
const forbiddenNames = "util utils common base types helper helpers misc shared"

// maxLines is the length past which a file, except a test, is cut in two.
const maxLines = 500
