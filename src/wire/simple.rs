//! The simple protocol: one message with any number of statements, run one after the other
//! until one of them fails.

use tokio::io::{AsyncRead, AsyncWrite};

use super::backend::Conversation;
use super::connection::{Connection, Outcome};
use super::failure::Failure;
use super::rows::{self, Progress};

impl<C, R, W> Connection<C, R, W>
where
    C: Conversation,
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    /// Answers a Query message, up to its ReadyForQuery.
    pub(super) async fn simple_query(&mut self, text: &str) -> Result<(), Failure> {
        // As in PostgreSQL, it takes the place of what has no name.
        self.conversation.close("");
        self.portals.close("");
        let statements = self.conversation.split(text).await?;
        if statements.is_empty() {
            self.put_empty();
        }
        self.several = statements.len() > 1;
        for statement in &statements {
            match self.start(statement, Vec::new(), Vec::new()).await? {
                Outcome::Done(tag) => self.put_complete(&tag),
                Outcome::Fetch(fetch) => {
                    let fetched = self.fetch(statement, &fetch, None, None).await?;
                    self.put_complete(&rows::tag(fetch.tag(), fetched.rows));
                }
                Outcome::Rows(mut cursor) => {
                    self.replies.put(&cursor.columns.description(&[]));
                    let (frames, signals) = (&mut self.frames, &mut self.signals);
                    let sent = cursor.send(None, frames, &mut self.replies, signals).await?;
                    if let Progress::Finished(count) = sent {
                        self.put_complete(&rows::tag(cursor.tag, count));
                    }
                }
            }
        }
        Ok(())
    }
}
