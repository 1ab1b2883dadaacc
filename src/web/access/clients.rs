//! Certificates of clients: which are asked for, and which are good enough.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DistinguishedName, Error, RootCertStore};
use webpki::EndEntityCert;

use super::super::signatures::{Signatures, signatures_by};
use super::read::{RawTls, Wrong, wrong};
use super::tls;

/// Who checks the certificates of clients; nobody if none are asked for.
pub fn verifier(
    raw: &RawTls,
    folder: &Path,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, Wrong> {
    let policy = raw.client_auth_type.as_ref().map_or("NoClientCert", |policy| policy.value.as_str());
    let authority = raw.client_ca_file.as_ref().or(raw.client_ca.as_ref());
    let checked = |mandatory: bool| -> Result<Arc<dyn ClientCertVerifier>, Wrong> {
        let ((name, place), pem) =
            tls::pem(("client_ca", &raw.client_ca), ("client_ca_file", &raw.client_ca_file), folder)?;
        let mut roots = RootCertStore::empty();
        for certificate in tls::certificates((name, place), &pem)? {
            roots.add(certificate).or_else(|error| wrong(place, format!("{name}: {error}")))?;
        }
        let builder = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(provider));
        let builder = if mandatory { builder } else { builder.allow_unauthenticated() };
        builder.build().map(|verifier| verifier as _).or_else(|error| wrong(place, format!("{name}: {error}")))
    };
    let verifier = match policy {
        "NoClientCert" | "" => None,
        "RequestClientCert" => Some(any(provider, false)),
        "RequireAnyClientCert" | "RequireClientCert" => Some(any(provider, true)),
        "VerifyClientCertIfGiven" => Some(checked(false)?),
        "RequireAndVerifyClientCert" => Some(checked(true)?),
        other => {
            let reason = format!(
                "client_auth_type: {other:?} cannot be here; it is NoClientCert, RequestClientCert, \
                 RequireAnyClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert"
            );
            return raw.client_auth_type.as_ref().map_or(Ok(None), |at| wrong(at, reason));
        }
    };
    if let (None, Some(at)) = (&verifier, authority) {
        return wrong(
            at,
            "client_ca_file is of use only with a client_auth_type that asks for certificates".to_owned(),
        );
    }
    let Some(first) = raw.client_allowed_sans.first() else { return Ok(verifier) };
    match verifier.filter(|verifier| verifier.client_auth_mandatory()) {
        Some(inner) => Ok(Some(Arc::new(Named { inner, names: names(raw)? }))),
        None => wrong(
            first,
            "client_allowed_sans needs the client_auth_type RequireAndVerifyClientCert or RequireAnyClientCert"
                .to_owned(),
        ),
    }
}

fn any(provider: &Arc<CryptoProvider>, mandatory: bool) -> Arc<dyn ClientCertVerifier> {
    Arc::new(Any { signatures: Signatures(Arc::clone(provider)), mandatory })
}

fn names(raw: &RawTls) -> Result<Vec<String>, Wrong> {
    let name = |name: &serde_saphyr::Spanned<String>| {
        if name.value.contains(['@', '/']) {
            let reason = format!("client_allowed_sans: {:?} is neither a DNS name nor an IP address", name.value);
            return wrong(name, reason);
        }
        Ok(name.value.clone())
    };
    raw.client_allowed_sans.iter().map(name).collect()
}

/// Takes any certificate whose key the client has.
#[derive(Debug)]
struct Any {
    signatures: Signatures,
    mandatory: bool,
}

impl ClientCertVerifier for Any {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    signatures_by!(signatures);
}

/// Takes, of what another one takes, certificates with one of these names.
#[derive(Debug)]
struct Named {
    inner: Arc<dyn ClientCertVerifier>,
    names: Vec<String>,
}

impl Named {
    fn has_name(&self, certificate: &CertificateDer<'_>) -> bool {
        let Ok(certificate) = EndEntityCert::try_from(certificate) else { return false };
        self.names.iter().any(|name| match name.parse::<IpAddr>() {
            Ok(ip) => certificate.verify_is_valid_for_subject_name(&ServerName::IpAddress(ip.into())).is_ok(),
            Err(_) => certificate.valid_dns_names().any(|other| other == name),
        })
    }
}

impl ClientCertVerifier for Named {
    fn client_auth_mandatory(&self) -> bool {
        self.inner.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.inner.verify_client_cert(certificate, intermediates, now)?;
        if self.has_name(certificate) {
            Ok(verified)
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    signatures_by!(inner);
}
