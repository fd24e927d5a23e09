package s3store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
)

// idle is how long a server may send and take nothing.
const idle = time.Minute

// connect makes the clients, one for each endpoint. Their connections are shared.
func (s *Store) connect(ctx context.Context) error {
	// What fetches credentials has a client of the SDK's kind, since it takes in the bundle of
	// certificates that the AWS configuration may name.
	client := awshttp.NewBuildableClient().WithTransportOptions(s.transport)
	load := []func(*config.LoadOptions) error{
		config.WithDefaultRegion("us-east-1"),
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }), // layers try again, who know what may be done twice
		config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
		config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired),
		config.WithHTTPClient(client),
		config.WithLogger(logging.Nop{}),
	}
	if s.o.Profile != "" {
		load = append(load, config.WithSharedConfigProfile(s.o.Profile))
	}
	if s.o.Region != "" {
		load = append(load, config.WithRegion(s.o.Region))
	}
	if s.o.Anonymous {
		load = append(load, config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return fmt.Errorf("the AWS configuration: %w", err)
	}
	if configured, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		client = configured
	}
	s.http = client.GetTransport()
	if s.o.CABundle != "" {
		pem, err := os.ReadFile(s.o.CABundle)
		if err != nil {
			return fmt.Errorf("the certificates that vouch for the server: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return fmt.Errorf("there is no certificate (PEM) in %s", s.o.CABundle)
		}
		s.http.TLSClientConfig.RootCAs = pool
	}
	s.refresh = func() {
		if cache, ok := cfg.Credentials.(*aws.CredentialsCache); ok {
			cache.Invalidate()
		}
	}
	endpoints := s.o.Endpoints
	if len(endpoints) == 0 {
		endpoints = []string{""}
	}
	for _, e := range endpoints {
		at := &server{of: s.fleet}
		at.client = s3.NewFromConfig(cfg, func(o *s3.Options) {
			if e != "" {
				o.BaseEndpoint = aws.String(e)
			}
			o.HTTPClient = &http.Client{Transport: at, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			// AWS_ENDPOINT_URL and the AWS configuration may name a server, too.
			s.foreign = s.foreign || o.BaseEndpoint != nil
			o.UsePathStyle = s.o.PathStyle || o.BaseEndpoint != nil && !s.o.HostStyle
			o.DisableLogOutputChecksumValidationSkipped = true
			o.ContinueHeaderThresholdBytes = -1
			if !strings.HasPrefix(aws.ToString(o.BaseEndpoint), "http://") {
				o.APIOptions = append(o.APIOptions, v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware)
			}
		})
		s.servers = append(s.servers, at)
	}
	return nil
}

// transport sets up connections.
func (s *Store) transport(t *http.Transport) {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &patientConn{c}, nil
	}
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: s.o.AnyCertificate} //nolint:gosec // it was asked for
	t.DisableCompression = true
	t.MaxIdleConns = 4 * concurrency
	t.MaxIdleConnsPerHost = 2 * concurrency
	t.IdleConnTimeout = 90 * time.Second
	t.TLSHandshakeTimeout = 20 * time.Second
	t.ExpectContinueTimeout = time.Second
	t.WriteBufferSize = 64 << 10
	t.ReadBufferSize = 64 << 10
}

// patientConn is a connection that fails when nothing comes or goes for too long.
type patientConn struct{ net.Conn }

var errStalled = errors.New("the server sent nothing for " + idle.String())

func (c *patientConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(idle)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	return n, stalled(err)
}

func (c *patientConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(idle)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(p)
	return n, stalled(err)
}

func stalled(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return errStalled
	}
	return err
}
