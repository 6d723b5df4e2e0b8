//! What this process has used of the processor.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Of all threads since the process began, those that have ended included.
pub fn processor_time() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap()
}
