//! What this process has used of the processor.

use std::fs;
use std::time::Duration;

/// Linux counts it in ticks of this length for whoever reads `/proc`.
const TICK: Duration = Duration::from_millis(10);

/// Of all threads since the process began, those that have ended included.
pub fn processor_time() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap();
    // The name of the program, in brackets, may hold anything; behind it, utime and stime are the
    // twelfth and thirteenth field.
    let (_, fields) = text.rsplit_once(')').unwrap();
    let ticks: u32 = fields.split_whitespace().skip(11).take(2).map(ticks).sum();
    TICK * ticks
}

fn ticks(field: &str) -> u32 {
    field.parse().unwrap()
}
