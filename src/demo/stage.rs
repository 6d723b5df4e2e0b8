//! The gateway with the company behind it: in this process, and on a real port.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::DemoError;
use super::badges::Badges;
use super::company::Company;
use super::trail::Trails;
use crate::assembly;
use crate::audit::default_key_file;
use crate::config::Config;
use crate::session::Gateway;
use crate::wire::Server;

/// A gateway that serves until it is closed.
pub struct Stage {
    company: Company,
    badges: Badges,
    address: SocketAddr,
    audit_dir: PathBuf,
    gateway: Arc<Gateway>,
    end: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Stage {
    /// Starts the gateway on this address, a loopback one: there is no certificate. Its audit log
    /// is the folder `audit` of the company, or another one of this name, so that a tour can be
    /// taken while the demonstration serves elsewhere.
    ///
    /// # Errors
    /// Where the company's configuration does not start a gateway, or the address is taken.
    pub async fn open(
        company: Company,
        listen: SocketAddr,
        audit: &str,
    ) -> Result<Self, DemoError> {
        if !listen.ip().is_loopback() {
            return Err(DemoError::Exposed(listen));
        }
        let mut config = Config::load(&company.config())?;
        config.server.listen = listen;
        config.audit.dir = company.dir().join(audit);
        config.audit.key_file = default_key_file(&config.audit.dir);
        let badges = Badges::of(&company)?;
        let options = assembly::listener_options(&config)?;
        let gateway = assembly::start(&config).await?;
        let unusable = |source| DemoError::Address { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(unusable)?;
        let address = listener.local_addr().map_err(unusable)?;
        let (end, ended) = oneshot::channel::<()>();
        let server = Server::new(options, Arc::new(Arc::clone(&gateway)));
        let serving = tokio::spawn(server.serve(listener, async move { drop(ended.await) }));
        let audit_dir = config.audit.dir;
        Ok(Self { company, badges, address, audit_dir, gateway, end, serving })
    }

    /// Ends all sessions and closes the audit log.
    ///
    /// # Errors
    /// Where the last records could not be written.
    pub async fn close(self) -> Result<(), DemoError> {
        drop(self.end);
        // A task of ours that broke down is no reason to leave the log open.
        drop(self.serving.await);
        self.gateway.close().await?;
        Ok(())
    }

    /// The company.
    pub fn company(&self) -> &Company {
        &self.company
    }

    /// Who signs its tokens.
    pub fn badges(&self) -> &Badges {
        &self.badges
    }

    /// Where the gateway listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The folder of the audit log.
    pub fn audit_dir(&self) -> &Path {
        &self.audit_dir
    }

    /// What its audit log says from now on.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub fn trails(&self) -> Result<Trails, DemoError> {
        Ok(Trails::follow(&self.audit_dir)?)
    }
}
