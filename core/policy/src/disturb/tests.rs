use super::*;

/// Minutes since Monday 00:00 UTC, 2026-11-23.
fn at(day: i64, hour: i64, minute: i64, second: i64) -> Moment {
    let monday = 1_795_392_000_000;
    Moment::new(
        monday + (((day * 24 + hour) * 60 + minute) * 60 + second) * 1000,
        0,
    )
}

fn plan(lines: &[&str]) -> DoNotDisturb {
    let schedule = lines.iter().map(|line| Entry::read(line).unwrap());
    DoNotDisturb {
        schedule: schedule.collect(),
        ..DoNotDisturb::default()
    }
}

fn quiet(plan: &DoNotDisturb, caller: &str, now: Moment) -> bool {
    plan.keeps_away(caller, &[], None, now).is_some()
}

/// K-091, K-093: two rules as the document has them: mornings of work days for one caller, weekends for all.
#[test]
fn m_135_a_schedule_of_two_rules() {
    let plan = plan(&["31 08:00-10:00 for +12223334455", "96 00:00-23:59"]);
    assert!(quiet(&plan, "+12223334455", at(0, 9, 0, 0)));
    assert!(!quiet(&plan, "+13334445566", at(0, 9, 0, 0)));
    assert!(quiet(&plan, "+13334445566", at(5, 12, 0, 0)));
    assert!(!quiet(&plan, "+12223334455", at(0, 11, 0, 0)));
    let line = plan.keeps_away("1", &[], None, at(6, 0, 0, 0));
    assert_eq!(line, Some(Quiet::Schedule(2)));
}

/// K-094, K-095: both minutes belong to the window, and one past midnight to the day on which it began.
#[test]
fn windows_hold_their_first_and_their_last_minute() {
    let morning = plan(&["daily 08:00-10:00"]);
    for (hour, minute, second, is_quiet) in [
        (7, 59, 59, false),
        (8, 0, 0, true),
        (10, 0, 59, true),
        (10, 1, 0, false),
    ] {
        let now = at(2, hour, minute, second);
        assert_eq!(quiet(&morning, "1", now), is_quiet, "{hour}:{minute}");
    }
    assert!(quiet(&plan(&["127 00:00-23:59"]), "1", at(3, 23, 59, 59)));
    let night = plan(&["fri 22:00-06:00"]);
    assert!(quiet(&night, "1", at(4, 23, 0, 0)) && quiet(&night, "1", at(5, 5, 0, 0)));
    assert!(!quiet(&night, "1", at(4, 5, 0, 0)) && !quiet(&night, "1", at(5, 23, 0, 0)));
    assert!(quiet(&plan(&["sun 22:00-06:00"]), "1", at(7, 5, 0, 0)));
}

/// K-096: every mask on every day.
#[test]
fn every_day_has_its_bit() {
    for mask in [31_u8, 96, 127, 0, 1, 2, 4, 8, 16, 32, 64] {
        let plan = plan(&[&format!("{mask} 00:00-23:59")]);
        for day in 0..7 {
            let is_quiet = mask & (1 << day) != 0;
            assert_eq!(
                quiet(&plan, "1", at(day, 12, 0, 0)),
                is_quiet,
                "{mask} on {day}"
            );
        }
    }
}

/// K-092: Monday 07:30 UTC is 08:30 where the offset is 60, and what the machine says where there is none.
#[test]
fn the_offset_is_given_or_the_machines() {
    let mut plan = plan(&["1 08:00-10:00"]);
    let now = at(0, 7, 30, 0);
    plan.gmt_offset_min = Some(60);
    assert!(quiet(&plan, "1", now));
    plan.gmt_offset_min = Some(0);
    assert!(!quiet(&plan, "1", now));
    plan.gmt_offset_min = None;
    let (monday, local) = (1_795_392_000_000 + 27_000_000, 60);
    assert!(quiet(&plan, "1", Moment::new(monday, local)));
    assert!(!quiet(&plan, "1", Moment::new(monday, 0)));
}

/// K-097, K-098, K-100 to K-102: a caller by number or by contact, and nobody else.
#[test]
fn callers_are_numbers_or_contacts() {
    let plan = plan(&["daily 00:00-23:59 for +1 222 333-4455, dav:7"]);
    let now = at(0, 0, 0, 0);
    let contact = |source, identifier: &str| Contact {
        source,
        identifier: identifier.to_owned(),
        label: None,
    };
    let seven = contact(Source::Dav, "7");
    assert!(quiet(&plan, "0012223334455", now));
    assert!(plan.keeps_away("999", &[seven], None, now).is_some());
    for other in [contact(Source::Dav, "8"), contact(Source::QuickDial, "7")] {
        assert!(plan.keeps_away("999", &[other], None, now).is_none());
    }
    assert!(!quiet(&plan, "999", now));
}

/// K-099: a name before a caller is kept, and says nothing of whom it matches.
#[test]
fn k_099_a_caller_may_have_a_name() {
    let who = |text: &str| Who::read(text).map(|who| who.to_string());
    for (text, kept) in [
        ("+49 711 123", "+49711123"),
        ("Boss <+49 711 123>", "\"Boss\" <+49711123>"),
        ("\"Dr. Ann: 1st\" <dav:7>", "\"Dr. Ann: 1st\" <dav:7>"),
        ("<500>", "500"),
        (" <qd:Bob> ", "qd:Bob"),
    ] {
        assert_eq!(who(text).as_deref(), Some(kept));
        assert_eq!(who(kept).as_deref(), Some(kept), "kept and read again");
    }
    for wrong in [
        "Boss <500",
        "Bo\nss <500>",
        "Boss <>",
        "a\"b <1>",
        "Boss",
        "<<1>>",
    ] {
        assert_eq!(who(wrong), None, "{wrong:?}");
    }
    let now = at(0, 0, 0, 0);
    for name in ["Boss", "Nobody"] {
        let line = format!("daily 00:00-23:59 for {name} <+49711123>");
        let plan = plan(&[&line]);
        assert_eq!(plan.schedule[0].callers[0].name.as_deref(), Some(name));
        assert!(quiet(&plan, "0049711123", now) && !quiet(&plan, "999", now));
    }
}

/// K-103: a rule that is off is kept; M-135: by hand, and who comes through.
#[test]
fn by_hand_it_holds_always_but_for_exceptions() {
    assert!(!quiet(
        &plan(&["off daily 00:00-23:59"]),
        "1",
        at(0, 0, 0, 0)
    ));
    let plan = DoNotDisturb {
        on: true,
        except: vec![Who::read("+49711123456").unwrap()],
        ..plan(&["daily 00:00-23:59"])
    };
    let by_hand = plan.keeps_away("1", &[], None, at(0, 0, 0, 0));
    assert_eq!(by_hand, Some(Quiet::ByHand));
    assert!(!quiet(&plan, "0049711123456", at(0, 0, 0, 0)));
}

#[test]
fn lines_that_cannot_be_meant_say_why() {
    for (line, why) in [
        ("", "the weekday is missing"),
        ("mon", "the time is missing"),
        ("mon 08:00", "the end is missing"),
        ("128 08:00-09:00", "\"128\" is no weekday"),
        ("mon 8:00am-09:00", "\"8:00am\" is no time"),
        ("mon 08:00-24:00", "\"24:00\" is no time"),
        ("mon 08:00-09:00 for abc", "\"abc\" is no caller"),
        ("mon 08:00-09:00 for ldap:7", "\"ldap:7\" is no caller"),
        ("mon 08:00-09:00 +1222", "\"+1222\" is not expected"),
    ] {
        let said = Entry::read(line).unwrap_err().to_string();
        assert!(said.starts_with(why), "{line}: {said}");
    }
}
