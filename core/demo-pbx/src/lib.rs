//! A small PBX on the engine's own machines, for the demo; never proof of SIP.
