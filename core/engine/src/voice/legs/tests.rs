//! Counts of a leg as figures of its call.

use super::counts::count;
use media_thread::report::Counts;
use ports::media::Quality;

#[test]
fn what_came_and_was_not_heard_is_made_up_and_not_lost() {
    let mut counts = Counts {
        received: 180,
        lost: 20,
        unheard: 90,
        ..Counts::default()
    };
    counts.jitter_buffer.recovered = 10;
    let mut quality = Quality::default();
    count(&mut quality, &counts);
    assert_eq!((quality.loss_pct, quality.concealed_pct), (10.0, 50.0));
}
