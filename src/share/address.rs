//! Whom to take for one client, by its address.

use std::net::{IpAddr, Ipv6Addr};

/// What one client has at its disposal: an IPv4 address, or an IPv6 network of 64 bits, since
/// these are what hosts are given (RFC 6177).
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_one_network_are_one_client() {
        for (address, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff::", "2001:db8:1:2::"),
            ("2001:db8:1:3::", "2001:db8:1:3::"),
            ("::1", "::"),
        ] {
            let found = network(address.parse().unwrap());
            assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{address}");
        }
    }
}
