//! Refused logins on their way to the record. Anybody can make any number of them, so the first of
//! each address are recorded one by one, and the rest as a count: a flood neither fills the disk
//! nor goes unseen.

use std::collections::HashMap;
use std::mem;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long a count goes on before it is recorded.
pub(in crate::session) const INTERVAL: Duration = Duration::from_secs(60);

/// Recorded one by one in an interval: of one address, and of all together.
const EACH: u64 = 20;
const ALL: u64 = 200;

/// Addresses that are counted apart in an interval; the others are counted together. With the
/// bounds above, a minute of any flood takes no more than some 250 kB of the disk.
const ADDRESSES: usize = 256;

/// What was refused in this interval.
#[derive(Debug, Default)]
pub(in crate::session) struct Refusals {
    current: Mutex<Interval>,
}

#[derive(Debug, Default)]
struct Interval {
    recorded: u64,
    addresses: HashMap<IpAddr, Seen>,
    others: u64,
}

#[derive(Debug, Default)]
struct Seen {
    recorded: u64,
    counted: u64,
}

impl Refusals {
    /// Counts a refusal; whether it is recorded by itself.
    pub fn admit(&self, client: IpAddr) -> bool {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let Interval { recorded, addresses, others } = &mut *current;
        let known = addresses.len() < ADDRESSES || addresses.contains_key(&client);
        if !known {
            *others += 1;
            return false;
        }
        let seen = addresses.entry(client).or_default();
        if seen.recorded < EACH && *recorded < ALL {
            seen.recorded += 1;
            *recorded += 1;
            return true;
        }
        seen.counted += 1;
        false
    }

    /// Ends the interval. Gives how many of each address were only counted, `None` standing for
    /// all further addresses.
    pub fn turn(&self) -> Vec<(Option<IpAddr>, u64)> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let Interval { addresses, others, .. } = mem::take(&mut *current);
        let mut counts: Vec<_> =
            addresses.into_iter().map(|(client, seen)| (Some(client), seen.counted)).collect();
        counts.push((None, others));
        counts.retain(|(_, count)| *count > 0);
        counts.sort();
        counts
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(0x0a00_0000 + number).into()
    }

    fn recorded(refusals: &Refusals, client: IpAddr, times: u64) -> u64 {
        (0..times).map(|_| u64::from(refusals.admit(client))).sum()
    }

    #[test]
    fn one_address_is_recorded_some_times_and_then_counted() {
        let refusals = Refusals::default();
        assert_eq!(recorded(&refusals, address(1), EACH + 7), EACH);
        assert_eq!(recorded(&refusals, address(2), 3), 3);
        assert_eq!(refusals.turn(), [(Some(address(1)), 7)]);
        // The next interval begins anew.
        assert_eq!(recorded(&refusals, address(1), EACH), EACH);
        assert_eq!(refusals.turn(), []);
    }

    #[test]
    fn many_addresses_are_recorded_no_more_than_the_disk_can_bear() {
        let refusals = Refusals::default();
        let clients = u32::try_from(ADDRESSES).unwrap() + 5;
        let all: u64 = (0..clients).map(|n| recorded(&refusals, address(n), 2)).sum();
        assert_eq!(all, ALL);
        let counts = refusals.turn();
        // Each but the first hundred was counted twice; five had no count of their own.
        assert_eq!(counts.len(), ADDRESSES - 100 + 1);
        assert_eq!(counts[0], (None, 10));
        assert!(counts[1..].iter().all(|(client, count)| client.is_some() && *count == 2));
    }
}
