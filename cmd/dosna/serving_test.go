package main

import (
	"archive/zip"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/rogpeppe/go-internal/testscript"
)

// zipTree writes an archive of a directory: zip DIRECTORY FILE.
func zipTree(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Create(ts.MkAbs(args[1]))
	ts.Check(err)
	w := zip.NewWriter(f)
	err = w.AddFS(os.DirFS(ts.MkAbs(args[0])))
	ts.Check(errors.Join(err, w.Close(), f.Close()))
}

// serveDirectory serves a directory for the rest of a script: serve DIRECTORY VARIABLE.
func serveDirectory(ts *testscript.TestScript, _ bool, args []string) {
	srv := httptest.NewServer(http.FileServer(http.Dir(ts.MkAbs(args[0]))))
	ts.Defer(srv.Close)
	ts.Setenv(args[1], srv.URL)
}
