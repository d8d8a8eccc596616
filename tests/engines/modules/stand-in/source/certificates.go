package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

const (
	// Brokers and bridges wait this long for x509, and look this often; then they end with 3.
	authorityPatience = 180 * time.Second
	authorityPause    = 30 * time.Second
	// A certificate that was just given is good only where all clocks agree.
	settle = 5 * time.Second
)

// certificates gets what a broker or a bridge starts with: a key, its certificate, the authority's and its list of
// revoked ones, as files of FOLDER named after NAME. With --renew it then goes on fetching the list and, before it
// ends, the certificate.
func certificates(arguments []string) error {
	flags := flag.NewFlagSet("certificates", flag.ContinueOnError)
	address := flags.String("address", "", "HOST:PORT of x509")
	folder := flags.String("folder", "", "where the files go")
	called := flags.String("name", "", "common name")
	bits := flags.Int("bits", 2048, "length of the key")
	renew := flags.Duration("renew", 0, "pause between renewals; 0: once")
	var names []string
	flags.Func("dns", "name in the certificate", func(text string) error { names = append(names, text); return nil })
	var ips []net.IP
	flags.Func("ip", "address in the certificate", func(text string) error { ips = append(ips, net.ParseIP(text)); return nil })
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	client := authorityClient{"http://" + *address, *folder}
	if *renew == 0 {
		if err := client.wait(); err != nil {
			return ended{err, 3}
		}
		// The image begins anew each time.
		if err := os.RemoveAll(*folder); err != nil && !errors.Is(err, os.ErrPermission) {
			return err
		}
		if err := os.MkdirAll(*folder, 0o755); err != nil {
			return err
		}
		return client.fetch(*called, *bits, names, ips)
	}
	for range time.Tick(*renew) {
		if err := client.list(); err != nil {
			log.Printf("failed: the list of revoked certificates: %v", err)
		}
		if client.ends(*called) {
			if err := client.fetch(*called, *bits, names, ips); err != nil {
				log.Printf("failed: a new certificate: %v", err)
			}
		}
	}
	return nil
}

type authorityClient struct{ url, folder string }

func (client authorityClient) wait() error {
	started := time.Now()
	for {
		var health struct{ Status string }
		err := client.call("GET", "/healthcheck", nil, &health)
		if err == nil && health.Status == "ok" {
			time.Sleep(settle)
			return nil
		}
		log.Printf("waiting: %s: %v", client.url, err)
		if time.Since(started) > authorityPatience {
			return fmt.Errorf("%s takes too long: %w", client.url, err)
		}
		time.Sleep(authorityPause)
	}
}

func (client authorityClient) fetch(called string, bits int, names []string, ips []net.IP) error {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return err
	}
	subject := pkix.Name{CommonName: called}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: subject, DNSNames: names, IPAddresses: ips}, key)
	if err != nil {
		return err
	}
	var signed struct{ CertificatePem string }
	body := map[string]string{"csr": asPEM("CERTIFICATE REQUEST", request)}
	if err := client.call("POST", throwAway, body, &signed); err != nil {
		return err
	}
	var authority struct{ CaPem string }
	if err := client.call("GET", throwAway+"/ca", nil, &authority); err != nil {
		return err
	}
	if err := chained(signed.CertificatePem, authority.CaPem); err != nil {
		return ended{err, 2}
	}
	for file, content := range map[string]string{
		called + ".key": asPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)),
		called + ".crt": signed.CertificatePem,
		"ca.crt":        authority.CaPem,
	} {
		if err := os.WriteFile(filepath.Join(client.folder, file), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return client.list()
}

func (client authorityClient) list() error {
	var revoked struct{ Crl string }
	if err := client.call("GET", throwAway+"/ca/crl", nil, &revoked); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(client.folder, "ca.crl"), []byte(revoked.Crl), 0o644)
}

func (client authorityClient) ends(called string) bool {
	content, err := os.ReadFile(filepath.Join(client.folder, called+".crt"))
	if err != nil {
		return true
	}
	found, err := certificate(string(content))
	return err != nil || time.Until(found.NotAfter) < 12*time.Hour
}

func (client authorityClient) call(method, path string, body, answer any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, client.url+path, content)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	reply, err := (&http.Client{Timeout: 20 * time.Second}).Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	if reply.StatusCode >= 300 {
		return fmt.Errorf("%s %s: status %d", method, path, reply.StatusCode)
	}
	return json.NewDecoder(reply.Body).Decode(answer)
}

func asPEM(kind string, content []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
}

func certificate(text string) (*x509.Certificate, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("this is no certificate")
	}
	return x509.ParseCertificate(block.Bytes)
}

func chained(text, authority string) error {
	found, err := certificate(text)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(authority))
	_, err = found.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err
}
