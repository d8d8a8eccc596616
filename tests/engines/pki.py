"""A cluster's certificates, for one test session: a CA, and what it signs."""

from __future__ import annotations

import base64
import datetime
import ipaddress
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Names by which pods of a real cluster reach the API server, beside the address.
SERVER_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")


class Authority:
    """The CA in `folder`: ca.crt and ca.key; keys are readable by their owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = _name("kubernetes-ca")
        self._certificate = self._sign(self._subject, self._key, [x509.BasicConstraints(ca=True, path_length=None)])
        self.certificate = self._write("ca.crt", self._certificate.public_bytes(serialization.Encoding.PEM))
        self.key = self._write("ca.key", _pem(self._key))

    def _sign(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, extensions: list) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(days=1))
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(self._key, hashes.SHA256())

    def _write(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_bytes(content)
        return path

    def server(self, name: str, *addresses: str) -> tuple[Path, Path]:
        """Certificate and key of a server on these addresses."""
        names = [x509.DNSName(found) for found in SERVER_NAMES]
        names += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        return self._pair(
            name,
            _name(name),
            [x509.SubjectAlternativeName(names), x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])],
        )

    def client(self, name: str, user: str, group: str | None = None) -> tuple[Path, Path]:
        """Certificate and key of a user, in a group."""
        return self._pair(name, _name(user, group), [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])])

    def _pair(self, name: str, subject: x509.Name, extensions: list) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(subject, key, extensions)
        return (
            self._write(f"{name}.crt", certificate.public_bytes(serialization.Encoding.PEM)),
            self._write(f"{name}.key", _pem(key)),
        )

    def kubeconfig(self, name: str, url: str, user: str, group: str | None = None) -> Path:
        """A kubeconfig of this user, with everything in it."""
        certificate, key = self.client(name, user, group)

        def data(path: Path) -> str:
            return base64.b64encode(path.read_bytes()).decode()

        return self._write(
            f"{name}.kubeconfig",
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "test",
                    "clusters": [
                        {
                            "name": "test",
                            "cluster": {"server": url, "certificate-authority-data": data(self.certificate)},
                        }
                    ],
                    "users": [
                        {
                            "name": user,
                            "user": {"client-certificate-data": data(certificate), "client-key-data": data(key)},
                        }
                    ],
                    "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
                }
            ).encode(),
        )

    def service_account_keys(self) -> tuple[Path, Path]:
        """Public and private key for service account tokens (RSA: every release knows it)."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return self._write("service-accounts.pub", public), self._write("service-accounts.key", _pem(key))


def _name(common: str, organisation: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation)] if organisation else []
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
