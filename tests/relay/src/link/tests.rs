use super::*;

const PACKETS: u64 = 20_000;

fn settings() -> LinkSettings {
    LinkSettings {
        delay: Duration::from_millis(50),
        ..LinkSettings::CLEAN
    }
}

/// One packet each 20 ms.
fn run(seed: u64, settings: LinkSettings) -> Vec<(Instant, Passage)> {
    let mut link = Link::new(seed, settings);
    (0..PACKETS)
        .map(|n| Instant::from_millis(20 * n))
        .map(|now| (now, link.pass(172, now)))
        .collect()
}

fn lost(all: &[(Instant, Passage)]) -> Vec<bool> {
    all.iter()
        .map(|(_, passage)| passage.at.is_none())
        .collect()
}

fn share(all: &[bool]) -> f64 {
    all.iter().filter(|&&one| one).count() as f64 / all.len() as f64
}

fn extra_ms(all: &[(Instant, Passage)]) -> Vec<f64> {
    let of = |&(now, passage): &(Instant, Passage)| {
        let at = passage.at?;
        Some(at.since(now).as_secs_f64() * 1000.0 - 50.0)
    };
    all.iter().filter_map(of).collect()
}

#[test]
fn a_clean_link_only_delays() {
    for (now, passage) in run(1, settings()) {
        assert_eq!(passage.at, Some(now + Duration::from_millis(50)));
        assert_eq!(passage.again_at, None);
    }
}

#[test]
fn the_same_seed_gives_the_same_fates_and_another_gives_others() {
    let bad = LinkSettings {
        loss: Loss::bursts(0.1, 3.0),
        jitter: Jitter::Gamma {
            mean: Duration::from_millis(10),
            shape: 2.0,
        },
        reorder: 0.05,
        duplicate: 0.02,
        ..settings()
    };
    assert_eq!(run(7, bad.clone()), run(7, bad.clone()));
    assert_ne!(run(7, bad.clone()), run(8, bad));
}

#[test]
fn random_loss_has_its_share_and_no_memory() {
    let settings = LinkSettings {
        loss: Loss::Random(0.05),
        ..settings()
    };
    let all = lost(&run(3, settings));
    assert!((share(&all) - 0.05).abs() < 0.005, "{}", share(&all));
    let pairs: Vec<_> = all.windows(2).map(|two| two[0] && two[1]).collect();
    assert!((share(&pairs) - 0.0025).abs() < 0.0015, "{}", share(&pairs));
}

#[test]
fn bursts_have_their_share_and_length() {
    let settings = LinkSettings {
        loss: Loss::bursts(0.05, 4.0),
        ..settings()
    };
    let all = lost(&run(3, settings));
    let bursts = all.windows(2).filter(|two| !two[0] && two[1]).count();
    let length = share(&all) * all.len() as f64 / bursts as f64;
    assert!((share(&all) - 0.05).abs() < 0.01, "{}", share(&all));
    assert!((3.5..4.5).contains(&length), "{length}");
}

#[test]
fn jitter_has_its_mean_and_bounds() {
    let uniform = Jitter::Uniform(Duration::from_millis(40));
    let mean = Duration::from_millis(20);
    for (kind, most) in [
        (uniform, 40.0),
        (Jitter::Gamma { mean, shape: 4.0 }, f64::MAX),
        (Jitter::Gamma { mean, shape: 0.5 }, f64::MAX),
    ] {
        let settings = LinkSettings {
            jitter: kind,
            overtaking: true,
            ..settings()
        };
        let all = extra_ms(&run(5, settings));
        let average = all.iter().sum::<f64>() / all.len() as f64;
        assert!((average - 20.0).abs() < 0.7, "{kind:?}: {average}");
        assert!(
            all.iter().all(|&ms| (-0.001..=most).contains(&ms)),
            "{kind:?}"
        );
    }
}

#[test]
fn packets_keep_their_order_unless_told() {
    let jitter = Jitter::Uniform(Duration::from_millis(60));
    let order = |settings| {
        let all = run(2, settings);
        let at: Vec<_> = all.iter().filter_map(|(_, passage)| passage.at).collect();
        let late: Vec<_> = at.windows(2).map(|two| two[0] > two[1]).collect();
        share(&late)
    };
    let queueing = LinkSettings {
        jitter,
        ..settings()
    };
    assert_eq!(order(queueing.clone()), 0.0);
    let overtaking = LinkSettings {
        overtaking: true,
        ..queueing
    };
    assert!(order(overtaking) > 0.1);
    let reordering = LinkSettings {
        reorder: 0.05,
        ..settings()
    };
    let late = order(reordering);
    assert!((late - 0.05).abs() < 0.01, "{late}");
}

#[test]
fn duplicates_have_their_share() {
    let settings = LinkSettings {
        duplicate: 0.1,
        ..settings()
    };
    let all = run(2, settings);
    let twice: Vec<_> = all.iter().map(|(_, one)| one.again_at.is_some()).collect();
    assert!((share(&twice) - 0.1).abs() < 0.01);
}

#[test]
fn a_rate_spaces_packets_and_a_full_queue_loses_them() {
    let settings = LinkSettings {
        rate: Some(80_000),
        queue: Duration::from_millis(35),
        ..LinkSettings::CLEAN
    };
    let mut link = Link::new(1, settings);
    // 100 bytes take 10 ms.
    let at: Vec<_> = (0..7)
        .map(|_| link.pass(100, Instant::ZERO).at.map(Instant::as_millis))
        .collect();
    let taken = [Some(10), Some(20), Some(30), Some(40), None, None, None];
    assert_eq!(at, taken);
    let later = link.pass(100, Instant::from_millis(100)).at;
    assert_eq!(later, Some(Instant::from_millis(110)));
}

#[test]
fn a_change_of_settings_leaves_later_fates_alone() {
    let lossy = LinkSettings {
        loss: Loss::Random(0.3),
        ..settings()
    };
    let expected = lost(&run(9, lossy.clone()));
    let mut link = Link::new(9, LinkSettings::CLEAN);
    for (n, &is_lost) in expected.iter().enumerate() {
        match n {
            100 => link.set(lossy.clone()),
            200 => link.set(LinkSettings {
                loss: Loss::Always,
                ..settings()
            }),
            300 => link.set(lossy.clone()),
            _ => {}
        }
        let passage = link.pass(n, Instant::from_millis(7 * n as u64));
        match n {
            0..100 => assert!(passage.at.is_some()),
            200..300 => assert!(passage.at.is_none()),
            _ => assert_eq!(passage.at.is_none(), is_lost, "{n}"),
        }
    }
}
