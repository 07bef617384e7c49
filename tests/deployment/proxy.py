"""The shipped proxy configuration, run on this machine: its own certificate, free ports, a folder apart."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import api.deployment
from tests.serving import COMMAND, free_port, heard, running

NAME = "cds.example.org"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
SHIPPED = Path(str(resources.files(api.deployment).joinpath("nginx.conf")))


@dataclass(frozen=True)
class Proxy:
    """A running proxy: where it listens, whom to trust for its name, and the key a caller needs."""

    port: int
    certificate: Path
    key: str
    folder: Path

    def plain(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port))

    def line(self, name: str = NAME) -> ssl.SSLSocket:
        """Return an encrypted connection to it."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        return context.wrap_socket(self.plain(), server_hostname=name)

    def say(self, data: bytes, seconds: float = 5) -> tuple[bytes, bool]:
        """Send *data*; return what comes back within *seconds*, and whether the connection was closed."""
        return heard(self.line(), data, seconds)


def write_certificate(folder: Path) -> None:
    """Write a certificate for NAME that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def site(shipped: str, folder: Path, port: int, behind: int) -> str:
    """Return the shipped configuration with the lines marked `yours` filled in, and nothing else changed."""
    changes = {
        "server 127.0.0.1:8000;": f"server 127.0.0.1:{behind};",
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/steppedcare/tls/": f"{folder}/",
        "/var/log/nginx/": f"{folder}/",
    }
    for old, new in changes.items():
        places = [line for line in shipped.splitlines() if old in line]
        assert places
        assert all("# yours" in line for line in places)
        shipped = shipped.replace(old, new)
    return shipped


def whole(folder: Path, site_file: Path) -> str:
    """Return what stands around a site's file, as the shipped one asks for it."""
    user = "user root;" if os.geteuid() == 0 else ""
    kinds = ("proxy", "client_body", "fastcgi", "uwsgi", "scgi")
    apart = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    return (
        f"worker_processes 1;\nworker_rlimit_nofile 16384;\npid {folder}/pid;\ndaemon off;\n{user}\n"
        f"error_log {folder}/main.log crit;\nevents {{ worker_connections 8192; }}\n"
        f"http {{\n{apart}\ninclude {site_file};\n}}\n"
    )


def configured(folder: Path, port: int, behind: int) -> None:
    """Write the site's file and what stands around it."""
    (folder / "site.conf").write_text(site(SHIPPED.read_text(), folder, port, behind))
    (folder / "nginx.conf").write_text(whole(folder, folder / "site.conf"))


@contextmanager
def proxied(folder: Path) -> Iterator[Proxy]:
    """Run the service and the proxy in front of it, as a hospital would set them up."""
    assert NGINX
    write_certificate(folder)
    behind, port = free_port(), free_port()
    configured(folder, port, behind)
    told = {
        "STEPPEDCARE_PUBLIC_URL": f"https://{NAME}",
        "STEPPEDCARE_KEYS": str(folder / "keys.sqlite3"),
        "STEPPEDCARE_RECORD": "full",
        "STEPPEDCARE_LOG_KEY": "kq3V8cXw0ZbT5nYr1LhEo7sUd2GfJ9aM",
        "STEPPEDCARE_DATABASE": str(folder / "log.sqlite3"),
    }
    key = make_key(told)
    serve = [str(COMMAND), "serve", "--port", str(behind)]
    front = [
        NGINX,
        "-c",
        str(folder / "nginx.conf"),
        "-p",
        str(folder),
        "-e",
        str(folder / "start.log"),
    ]
    with (
        running(serve, behind, folder / "service.log", **told),
        running(front, port, folder / "nginx.log"),
    ):
        yield Proxy(port, folder / "cert.pem", key, folder)


def make_key(told: dict[str, str]) -> str:
    """Make an API key with the command, and return it."""
    words = [
        str(COMMAND),
        "keys",
        "add",
        "--label",
        "ehr",
        "--tenant",
        "north",
        "--scope",
        "decide",
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=os.environ | told)
    return done.stdout.splitlines()[0].strip()
