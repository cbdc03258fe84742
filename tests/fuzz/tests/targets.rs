//! Each target with a fixed count of inputs, after what was ever found.

use offhook_fuzz::hunt::{saved, try_one};
use offhook_fuzz::{Budget, Said, TARGETS, Target, hunt};

fn target(name: &str) -> &'static Target {
    let found = TARGETS.iter().find(|target| target.name == name);
    found.expect("it is in the list")
}

fn check(name: &str) {
    let target = target(name);
    for (path, input) in saved(target) {
        if let Err(why) = try_one(target, &input) {
            panic!("{} breaks again: {why}", path.display());
        }
    }
    let found = hunt(target, 1, Budget::Inputs(target.in_ci));
    assert_eq!(found.inputs, target.in_ci);
    assert!(
        found.kinds >= 8,
        "{name} tells only {} kinds apart",
        found.kinds
    );
    for (input, why) in &found.broken {
        eprintln!("{why}\n{}\n{input:?}", String::from_utf8_lossy(input));
    }
    assert!(
        found.broken.is_empty(),
        "{} inputs of {name} break something",
        found.broken.len()
    );
}

macro_rules! each {
    ($($name:ident)*) => {
        $(#[test] fn $name() { check(stringify!($name)); })*

        #[test]
        fn every_target_has_its_test() {
            assert_eq!(TARGETS.iter().map(|t| t.name).collect::<Vec<_>>(), [$(stringify!($name)),*]);
        }
    };
}

each!(datagram stream header uri sdp documents rtp rtcp keys jitter settings control plugin);

/// A hunt finds what is there to find, makes it small, and is the same twice.
#[test]
fn a_planted_fault_is_found_and_made_small() {
    fn fragile(input: &[u8], said: &mut Said) {
        said.count(input.iter().filter(|byte| **byte == b'%').count());
        assert!(!input.windows(3).any(|three| three == b"%%;"), "found");
    }
    let target = Target {
        name: "fragile",
        seeds: || vec![b"sip:alice@example.com".to_vec()],
        words: &[],
        most: 100,
        run: fragile,
        in_ci: 0,
    };
    let once = || hunt(&target, 3, Budget::Inputs(100_000));
    let found = once();
    assert_eq!(found.broken.len(), 1);
    assert_eq!(found.broken[0].0, b"%%;");
    assert_eq!(once().inputs, found.inputs);
    assert_eq!(once().kinds, found.kinds);
}
