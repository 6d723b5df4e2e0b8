//! TLS towards the server: rustls with aws-lc-rs.

use std::path::Path;
use std::sync::Arc;

use portcullis_connector_api::ConnectorError;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::options::TlsMode;

/// Makes the client side of TLS for a mode.
///
/// # Errors
/// Where the file of authorities cannot be read or holds no certificate.
pub(crate) fn connector(
    mode: TlsMode,
    root_cert: Option<&Path>,
) -> Result<MakeRustlsConnect, ConnectorError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| ConnectorError::Configuration(error.to_string()))?;
    let config = match mode {
        TlsMode::VerifyFull => builder.with_root_certificates(authorities(root_cert)?),
        TlsMode::Disable | TlsMode::Prefer | TlsMode::Require => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate { provider })),
    };
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

fn authorities(file: Option<&Path>) -> Result<RootCertStore, ConnectorError> {
    let mut store = RootCertStore::empty();
    let Some(file) = file else {
        store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(store);
    };
    let fault = |what: &dyn std::fmt::Display| {
        ConnectorError::Configuration(format!("root_cert \"{}\": {what}", file.display()))
    };
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| fault(&error))? {
        let certificate = certificate.map_err(|error| fault(&error))?;
        store.add(certificate).map_err(|error| fault(&error))?;
    }
    if store.is_empty() {
        return Err(fault(&"holds no certificate"));
    }
    Ok(store)
}

/// Takes any certificate, as `prefer` and `require` do in libpq. That the server holds the
/// certificate's key is verified all the same.
#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
