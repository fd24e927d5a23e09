package testenv_test

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/dosna/dosna/internal/testenv"
)

func TestStartCeph(t *testing.T) {
	var conf string
	t.Run("serves", func(t *testing.T) {
		c := testenv.StartCeph(t)
		conf = c.Conf
		answer, err := http.Get(c.Endpoint)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if text, err := io.ReadAll(answer.Body); err != nil || !strings.Contains(string(text), "ListAllMyBucketsResult") {
			t.Errorf("the gateway answers %s, %v", text, err)
		}
	})
	if conf == "" {
		t.Skip("there was no cluster")
	}
	if _, err := os.Stat(conf); !os.IsNotExist(err) {
		t.Errorf("%s is left: %v", conf, err)
	}
}
