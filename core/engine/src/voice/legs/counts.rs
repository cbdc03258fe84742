//! What a media thread counted, as people are told.

use media_thread::report::Counts;
use ports::media::Quality;

/// Shows the counts of a leg.
pub(super) fn count(quality: &mut Quality, counts: &Counts) {
    let lost = u64::try_from(counts.lost).unwrap_or(0);
    let expected = counts.received + lost;
    quality.packets_in = counts.received;
    quality.packets_out = counts.sent;
    let of_expected = |packets: u64| match expected {
        0 => 0.0,
        expected => (100.0 * packets as f32 / expected as f32).min(100.0),
    };
    quality.loss_pct = of_expected(lost);
    let buffer = &counts.jitter_buffer;
    let made_up = lost + buffer.late + counts.unheard;
    quality.concealed_pct = of_expected(made_up.saturating_sub(buffer.recovered));
    quality.jitter_ms = counts.jitter_us as f32 / 1000.0;
    quality.buffer_ms = counts.delay_us as f32 / 1000.0;
    quality.late_ticks = counts.stalls.late_ticks;
    quality.longest_stall_ms = counts.stalls.longest_us as f32 / 1000.0;
    if let Some(level) = counts.heard {
        quality.level_in_dbov = -f32::from(level.below_overload);
    }
    if let Some(level) = counts.said {
        quality.level_out_dbov = -f32::from(level.below_overload);
    }
}
