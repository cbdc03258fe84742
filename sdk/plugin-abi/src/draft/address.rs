//! An IP address and port, as machines without IO name them.

/// Where a packet comes from or goes to.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Address {
    /// 4 or 6; 0 where there is none.
    pub family: u16,
    /// Range: 0 to 65535.
    pub port: u16,
    /// IPv6 scope id, otherwise 0.
    pub scope: u32,
    /// Network order; IPv4 in the first four.
    pub octets: [u8; 16],
}
