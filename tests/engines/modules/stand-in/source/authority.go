package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log"
	"math/big"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

const (
	throwAway = "/internal/api/v1/throw-away"
	validity  = 365 * 24 * time.Hour
	x509Port  = 3000
)

// authority stands in for x509-identity-mgmt: an authority that keeps its key in PostgreSQL, as EJBCA does, and answers
// on the paths by which brokers, bridges and devices get their certificates. It listens before it works.
func authority([]string) error {
	contract, err := readContract()
	if err != nil {
		return err
	}
	issuer := &issuer{}
	listener, err := listenOn(x509Port)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- http.Serve(listener, issuer.paths()) }()
	signals := contract.signals()
	go func() {
		if err := contract.start(); err != nil {
			failed <- err
			return
		}
		if err := issuer.load(contract); err != nil {
			failed <- err
			return
		}
		log.Printf("done: %s has its authority", contract.Image)
		go contract.writeLater()
		contract.callLater()
	}()
	select {
	case err := <-failed:
		return err
	case <-signals:
		return nil
	}
}

type issuer struct {
	ready       atomic.Bool
	key         crypto.Signer
	certificate *x509.Certificate
	serial      atomic.Int64
}

// load makes the authority, or finds the one that an earlier start has made.
func (issuer *issuer) load(contract *Contract) error {
	limit, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	keys, err := openStore(limit, contract)
	if err != nil {
		return err
	}
	defer keys.close(limit)
	text, err := keys.get(limit, "authority")
	if err != nil {
		return err
	}
	if text == "" {
		if text, err = newAuthority(); err != nil {
			return err
		}
		if err := keys.put(limit, "authority", text); err != nil {
			return err
		}
	}
	block, rest := pem.Decode([]byte(text))
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		return err
	}
	issuer.key = key
	if issuer.certificate, err = certificate(string(rest)); err != nil {
		return err
	}
	issuer.serial.Store(time.Now().UnixNano())
	issuer.ready.Store(true)
	return nil
}

func newAuthority() (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	identity := sha1.Sum(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "X.509 Identity CA", Organization: []string{"dojot"}},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(10 * validity),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		SubjectKeyId:          identity[:],
	}
	made, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return "", err
	}
	return asPEM("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)) + asPEM("CERTIFICATE", made), nil
}

func (issuer *issuer) paths() http.Handler {
	paths := http.NewServeMux()
	paths.HandleFunc("GET /healthcheck", func(writer http.ResponseWriter, _ *http.Request) {
		answer(writer, http.StatusOK, map[string]string{"status": "ok"})
	})
	paths.HandleFunc("POST "+throwAway, func(writer http.ResponseWriter, request *http.Request) {
		issuer.sign(writer, request, "")
	})
	paths.HandleFunc("POST /api/v1/certificates", func(writer http.ResponseWriter, request *http.Request) {
		tenant, err := tenantOf(request)
		if err != nil {
			answer(writer, http.StatusUnauthorized, map[string]string{"error": err.Error()})
			return
		}
		issuer.sign(writer, request, tenant+":")
	})
	authority := func(writer http.ResponseWriter, _ *http.Request) {
		answer(writer, http.StatusOK, map[string]string{"caPem": asPEM("CERTIFICATE", issuer.certificate.Raw)})
	}
	paths.HandleFunc("GET "+throwAway+"/ca", authority)
	paths.HandleFunc("GET /api/v1/ca", authority)
	paths.HandleFunc("GET "+throwAway+"/ca/crl", func(writer http.ResponseWriter, _ *http.Request) {
		list, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
			Number: big.NewInt(time.Now().Unix()), ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(24 * time.Hour),
		}, issuer.certificate, issuer.key)
		if err != nil {
			answer(writer, http.StatusInternalServerError, map[string]string{"error": err.Error()})
			return
		}
		answer(writer, http.StatusOK, map[string]string{"crl": asPEM("X509 CRL", list)})
	})
	return http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if !issuer.ready.Load() {
			answer(writer, http.StatusServiceUnavailable, map[string]string{"status": "error"})
			return
		}
		paths.ServeHTTP(writer, request)
	})
}

// sign answers with a certificate for the request in the body; its common name gets the prefix, a tenant's.
func (issuer *issuer) sign(writer http.ResponseWriter, request *http.Request, prefix string) {
	var body struct{ Csr string }
	if err := json.NewDecoder(request.Body).Decode(&body); err != nil {
		answer(writer, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	made, err := issuer.issue(body.Csr, prefix)
	if err != nil {
		answer(writer, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	answer(writer, http.StatusCreated, made)
}

func (issuer *issuer) issue(text, prefix string) (map[string]string, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, fmt.Errorf("there is no CSR")
	}
	asked, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, err
	}
	if err := asked.CheckSignature(); err != nil {
		return nil, err
	}
	called := asked.Subject.CommonName
	if !strings.HasPrefix(called, prefix) {
		called = prefix + called
	}
	made, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(issuer.serial.Add(1)),
		Subject:      pkix.Name{CommonName: called, Organization: []string{"dojot IoT Platform"}},
		NotBefore:    time.Now().Add(-time.Minute),
		NotAfter:     time.Now().Add(validity),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		DNSNames:     asked.DNSNames,
		IPAddresses:  asked.IPAddresses,
	}, issuer.certificate, asked.PublicKey, issuer.key)
	if err != nil {
		return nil, err
	}
	return map[string]string{"certificatePem": asPEM("CERTIFICATE", made)}, nil
}

// tenantOf the token in the request: who comes through the gateway has had it checked there.
func tenantOf(request *http.Request) (string, error) {
	parts := strings.Split(strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer "), ".")
	if len(parts) != 3 {
		return "", fmt.Errorf("there is no token")
	}
	content, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", err
	}
	var token struct{ Service string }
	if err := json.Unmarshal(content, &token); err != nil || token.Service == "" {
		return "", fmt.Errorf("the token names no tenant")
	}
	return token.Service, nil
}

func answer(writer http.ResponseWriter, status int, body any) {
	writer.Header().Set("Content-Type", "application/json")
	writer.WriteHeader(status)
	if err := json.NewEncoder(writer).Encode(body); err != nil {
		log.Printf("failed: %v", err)
	}
}

func environment(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
