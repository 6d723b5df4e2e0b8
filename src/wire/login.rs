//! From the startup packet to a session: the token is asked for as a password, the backend
//! decides, and the client is told its parameters and its cancel key.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use pgwire::messages::startup::{
    Authentication, BackendKeyData, NegotiateProtocolVersion, SecretKey,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use super::backend::{Backend, Conversation, Login};
use super::cancel::{Registry, Ticket};
use super::connection::Connection;
use super::failure::Failure;
use super::fields::Fields;
use super::framing::Frames;
use super::frontend::PASSWORD;
use super::options::Limits;
use super::reply::Replies;
use super::signals::{Phase, Signals};
use super::startup::Startup;
use crate::error::{ClientError, SqlState};

/// The first minor version in which cancel keys may be longer than four bytes.
const LONG_CANCEL_KEYS: u16 = 2;

/// The parameters of the startup packet that are no settings.
const NO_SETTINGS: [&str; 3] = ["user", "database", "replication"];

/// What a login needs besides the client.
pub(super) struct LoginDesk<'a, B> {
    pub(super) backend: &'a B,
    pub(super) cancels: &'a Arc<Registry>,
    pub(super) phase: &'a watch::Receiver<Phase>,
    pub(super) limits: &'a Limits,
}

/// What a client has said of itself, and the place that it would have among the sessions.
pub(super) struct Asked {
    login: Login,
    ticket: Ticket,
}

/// A client that was let in, and its place among the sessions that can be cancelled.
pub(super) struct LoggedIn<C> {
    conversation: C,
    ticket: Ticket,
}

impl<B: Backend> LoginDesk<'_, B> {
    /// Asks a client for its token.
    ///
    /// # Errors
    /// Why there is nothing to decide; every failure ends the connection.
    pub(super) async fn ask<R, W>(
        &self,
        frames: &mut Frames<R>,
        replies: &mut Replies<W>,
        startup: Startup,
        client: SocketAddr,
    ) -> Result<Asked, Failure>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let (user, database) = names(&startup)?;
        if startup.negotiate {
            let unknown = startup.unknown_options.clone();
            replies.put(&NegotiateProtocolVersion::new(startup.version(), unknown));
        }
        replies.put(&Authentication::CleartextPassword);
        replies.flush().await?;

        let token = self.token(frames).await?;
        let long_key = startup.minor >= LONG_CANCEL_KEYS;
        let encrypted = startup.encrypted;
        let parameters = settings(startup);
        let ticket = self.cancels.register(long_key).map_err(|error| {
            ClientError::new(SqlState::INTERNAL_ERROR, "the session could not be opened")
                .internal(error)
        })?;
        let process_id = ticket.number;
        let login = Login { user, database, token, parameters, process_id, client, encrypted };
        Ok(Asked { login, ticket })
    }

    /// Lets a client in, if the backend does. What it is told is in `replies` then, but for the
    /// first ReadyForQuery.
    ///
    /// # Errors
    /// Why it was not let in, which ends the connection.
    pub(super) async fn let_in<W>(
        &self,
        Asked { login, ticket }: Asked,
        replies: &mut Replies<W>,
    ) -> Result<LoggedIn<B::Conversation>, ClientError>
    where
        W: AsyncWrite + Unpin,
    {
        let conversation = self.backend.login(login).await?;
        replies.put(&Authentication::Ok);
        for (name, value) in conversation.parameters() {
            replies.put_parameter(&name, &value);
        }
        let secret = SecretKey::Bytes(Bytes::copy_from_slice(&ticket.secret));
        replies.put(&BackendKeyData::new(ticket.number, secret));
        Ok(LoggedIn { conversation, ticket })
    }

    /// Reads the password message.
    async fn token<R>(&self, frames: &mut Frames<R>) -> Result<String, Failure>
    where
        R: AsyncRead + Unpin,
    {
        let most = self.limits.max_password_bytes;
        let frame = match frames.next(|tag| (tag == PASSWORD).then_some(most)).await {
            Ok(frame) => frame,
            Err(error) => return Err(error.for_client().map_or(Failure::Gone, Failure::Session)),
        };
        let mut fields = Fields::new(frame.body);
        let token = fields.text()?;
        fields.end()?;
        if token.is_empty() {
            let error =
                ClientError::new(SqlState::INVALID_PASSWORD, "empty password returned by client");
            return Err(error.hint("The password is a token.").into());
        }
        Ok(token)
    }

    /// Serves a client that was let in, until its session ends.
    pub(super) async fn serve<R, W>(
        &self,
        login: LoggedIn<B::Conversation>,
        frames: Frames<R>,
        replies: Replies<W>,
    ) where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let LoggedIn { conversation, ticket } = login;
        let expires_at = conversation.expires_at();
        let signals = Signals::new(ticket.signal.clone(), self.phase.clone(), expires_at);
        Connection::new(conversation, frames, replies, signals, self.limits.clone()).run().await;
    }
}

/// User and database.
fn names(startup: &Startup) -> Result<(String, String), ClientError> {
    let given = |name: &str| startup.parameters.get(name).filter(|value| !value.is_empty());
    let user = given("user").ok_or_else(|| {
        ClientError::new(
            SqlState::INVALID_AUTHORIZATION,
            "no PostgreSQL user name specified in startup packet",
        )
    })?;
    let off = ["", "false", "off", "no", "0"];
    if let Some(replication) = startup.parameters.get("replication")
        && !off.iter().any(|off| replication.eq_ignore_ascii_case(off))
    {
        let message = "replication is not supported";
        return Err(ClientError::new(SqlState::FEATURE_NOT_SUPPORTED, message));
    }
    Ok((user.clone(), given("database").unwrap_or(user).clone()))
}

fn settings(startup: Startup) -> BTreeMap<String, String> {
    let mut settings = startup.parameters;
    settings.retain(|name, _| !NO_SETTINGS.contains(&name.as_str()));
    settings
}
