//! RTP and RTCP: packets, jitter buffer, telephone-events, quality.
