"""Certificates that a client trusts who is shown our authority's file."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True)
class Certificates:
    """A context to serve with, and the file for SSL_CERT_FILE and REQUESTS_CA_BUNDLE."""

    context: ssl.SSLContext
    ca_file: Path


def make_certificates(folder: Path) -> Certificates:
    """Make an authority, write its file into the folder, and have it vouch for this machine."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    ca_file = folder / "exchange-ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    return Certificates(context, ca_file)
