//! The modes of TLS, as libpq means them.

use portcullis_connector_api::{Connector, ConnectorError};
use portcullis_connector_postgres::{Options, PostgresConnector, TlsMode};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::support::{Identity, PASSWORD, Server, USER, shared};

/// An authority, and a certificate of it for `localhost` with its key; all PEM.
fn certificates() -> (String, String, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    (authority.pem(), certificate.pem(), key.serialize_pem())
}

async fn try_connect(options: Options) -> Result<(), ConnectorError> {
    PostgresConnector::new(options)?.catalog().await.map(drop)
}

fn options(server: &Server, host: &str, tls: TlsMode) -> Options {
    let (user, port) = (USER, server.port());
    let mut options = Options::new(format!(
        "host={host} port={port} user={user} password='{PASSWORD}' dbname=postgres"
    ));
    options.tls = tls;
    options
}

#[tokio::test]
async fn each_mode_trusts_what_it_should() {
    let (authority, certificate, key) = certificates();
    let server = Server::with(Some(&Identity { certificate: &certificate, key: &key }));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), authority).unwrap();

    // Only this view knows whether the connection is encrypted.
    server.run(
        "postgres",
        "CREATE VIEW encrypted AS SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    );
    for (tls, encrypted) in
        [(TlsMode::Disable, "false"), (TlsMode::Prefer, "true"), (TlsMode::Require, "true")]
    {
        let (connector, catalog) = crate::open(options(&server, "127.0.0.1", tls)).await;
        let view = crate::table(&catalog, "encrypted");
        let all = portcullis_connector_api::Predicate::True;
        assert_eq!(crate::scanned(&connector, &view, &["ssl"], all).await, [encrypted]);
    }

    let verified = |host: &str, root: Option<&std::path::Path>| {
        let mut options = options(&server, host, TlsMode::VerifyFull);
        options.root_cert = root.map(Into::into);
        try_connect(options)
    };
    verified("localhost", Some(file.path())).await.unwrap();
    // The certificate is not for this name.
    let other_name = verified("127.0.0.1", Some(file.path())).await.unwrap_err();
    assert!(matches!(other_name, ConnectorError::Unreachable(_)), "{other_name}");
    // Mozilla does not know the authority.
    let unknown = verified("localhost", None).await.unwrap_err();
    assert!(matches!(unknown, ConnectorError::Unreachable(_)), "{unknown}");
}

#[tokio::test]
async fn a_server_without_tls() {
    let server = shared();
    try_connect(options(server, "127.0.0.1", TlsMode::Prefer)).await.unwrap();
    for tls in [TlsMode::Require, TlsMode::VerifyFull] {
        let error = try_connect(options(server, "127.0.0.1", tls)).await.unwrap_err();
        assert!(matches!(error, ConnectorError::Unreachable(_)), "{error}");
    }
}

#[tokio::test]
async fn a_file_of_authorities_must_hold_some() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    for path in [empty.path(), std::path::Path::new("/no/such/file")] {
        let mut options = options(shared(), "localhost", TlsMode::VerifyFull);
        options.root_cert = Some(path.into());
        let error = PostgresConnector::new(options).unwrap_err();
        assert!(matches!(error, ConnectorError::Configuration(_)), "{error}");
    }
}
