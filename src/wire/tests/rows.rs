//! How much of a result is held for a client that does not take it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use arrow::array::{ArrayRef, StringArray};
use futures::{FutureExt, StreamExt, stream};
use tokio::io::duplex;
use tokio::sync::watch;

use super::*;
use crate::wire::backend::Meter;
use crate::wire::framing::Frames;
use crate::wire::reply::{BUFFER_BYTES, Replies};
use crate::wire::rows::Cursor;
use crate::wire::signals::{Phase, Signals};

const ROW_BYTES: usize = 1_000;

#[tokio::test]
async fn no_more_is_held_than_the_buffer_and_a_row() {
    let field = field("c", DataType::Utf8, None);
    let schema = Arc::new(Schema::new(vec![field]));
    let text: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(ROW_BYTES); 5_000]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![text]).unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let batches = stream::repeat_with(move || {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(batch.clone())
    });
    let meter = Arc::new(Meter::default());
    let mut cursor = Cursor {
        columns: Columns::of(&schema).unwrap(),
        formats: Vec::new(),
        rendering: utc(),
        batches: batches.boxed(),
        meter: Arc::clone(&meter),
        deadline: None,
        tag: "SELECT",
        current: None,
        copy: None,
        position: 0,
        ended: false,
    };
    let (_silent, receiving) = duplex(1);
    let (_unread, sending) = duplex(1_024);
    let mut frames = Frames::new(receiving);
    let mut replies = Replies::new(sending, Duration::from_secs(60));
    let (_cancel, cancelled) = watch::channel(());
    let (_phase, phase) = watch::channel(Phase::Serving);
    let tomorrow = SystemTime::now() + Duration::from_secs(86_400);
    let mut signals = Signals::new(cancelled, phase, tomorrow);

    // It gets no further than the client's first kilobyte, however often it is tried.
    for _ in 0..3 {
        let sent = cursor.send(None, &mut frames, &mut replies, &mut signals).now_or_never();
        assert!(sent.is_none());
        assert!(replies.buffer().len() < BUFFER_BYTES + 2 * ROW_BYTES);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    let (rows, bytes) = meter.read();
    assert!(bytes as usize <= 1_024 + BUFFER_BYTES + 2 * ROW_BYTES, "{rows} rows, {bytes} bytes");
}
