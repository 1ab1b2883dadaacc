//! TLS for a client that knows its server by its very certificate, whatever name it bears: they are on one machine.

use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, IpAddr, Ipv4Addr, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, ClientConnection, Error};

use super::signatures::{Signatures, signatures_by};

/// Speaks TLS over `stream` with the server that has this certificate.
pub(super) fn client<S: Read + Write>(
    certificate: &[u8],
    stream: S,
) -> io::Result<rustls::StreamOwned<ClientConnection, S>> {
    let provider = Arc::new(ring::default_provider());
    let pinned = Pinned { certificate: certificate.to_vec(), signatures: Signatures(Arc::clone(&provider)) };
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(io::Error::other)?.dangerous();
    let config = config.with_custom_certificate_verifier(Arc::new(pinned)).with_no_client_auth();
    let name = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([127, 0, 0, 1]))); // nothing is asked for by name
    let connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    Ok(rustls::StreamOwned::new(connection, stream))
}

#[derive(Debug)]
struct Pinned {
    certificate: Vec<u8>,
    signatures: Signatures,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if certificate.as_ref() == self.certificate {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    signatures_by!(signatures);
}
