use super::*;

fn errors(line: &str, direction: Direction) -> Vec<String> {
    let read = Rules::read(["=> confirm", line], direction);
    let errors = read.err().unwrap_or_default();
    errors.iter().map(ToString::to_string).collect()
}

fn error(line: &str) -> String {
    errors(line, Direction::Outgoing).join("\n")
}

/// K-109, K-125: every type is known by its name, and one that is not is told with the place and all that are.
#[test]
fn unknown_types_are_told_with_place_and_list() {
    assert_eq!(
        error("startsWith 1, endsWith 5 => replace 2"),
        format!(
            "rule[2]/condition[2]: there is no condition \"endsWith\", allowed: {}",
            CONDITION_TYPES.join(", ")
        )
    );
    assert_eq!(
        error("=> continue, hangup"),
        format!(
            "rule[2]/action[2]: there is no action \"hangup\", allowed: {}",
            ACTION_TYPES.join(", ")
        )
    );
    for kind in CONDITION_TYPES {
        let known = ["1", "wifi", "dav"]
            .iter()
            .any(|o| Condition::read(kind, Some(o)).is_ok());
        assert!(known, "{kind}");
    }
    for kind in ACTION_TYPES {
        let known = ["1", "X-A: b", "voiceCall"]
            .iter()
            .any(|o| Action::read(kind, Some(o)).is_ok());
        assert!(known, "{kind}");
    }
}

/// K-110, K-111 to K-122: operands that a condition cannot have.
#[test]
fn operands_of_conditions_are_checked() {
    for (condition, said) in [
        (
            "startsWith",
            "startsWith needs an operand, allowed: non-empty text on one line",
        ),
        (
            "startsWith \"\"",
            "startsWith: value \"\" is not valid, allowed: non-empty text on one line",
        ),
        (
            "lengthEquals x",
            "lengthEquals: value \"x\" is not valid, allowed: integer >= 0",
        ),
        (
            "shorterThan -1",
            "shorterThan: value \"-1\" is not valid, allowed: integer >= 0",
        ),
        (
            "longerThan eight",
            "longerThan: value \"eight\" is not valid, allowed: integer >= 0",
        ),
        (
            "networkType lte",
            "networkType: value \"lte\" is not valid, allowed: wifi, cellular, any, none",
        ),
        (
            "contactIsFromSource ldap",
            "contactIsFromSource: value \"ldap\" is not valid, allowed: ab, dav, ws, google, office365, qd",
        ),
    ] {
        let line = format!("{condition} => confirm");
        assert_eq!(error(&line), format!("rule[2]/condition[1]: {said}"));
    }
}

/// K-126 to K-137: operands that an action cannot have.
#[test]
fn operands_of_actions_are_checked() {
    for (action, said) in [
        (
            "prepend",
            "prepend needs an operand, allowed: non-empty text on one line",
        ),
        (
            "dialOut \"\"",
            "dialOut: value \"\" is not valid, allowed: non-empty text on one line",
        ),
        (
            "overrideDialAction fly",
            "overrideDialAction: value \"fly\" is not valid, allowed: autoCall, voiceCall, videoCall, \
             callThrough, webCallback, openUrl, gsmCall, options",
        ),
        (
            "setHeader no colon",
            "setHeader: value \"no colon\" is not valid, allowed: Name: value on one line (it is not Name: value)",
        ),
        (
            "setHeader Via: x",
            "setHeader: value \"Via: x\" is not valid, allowed: Name: value on one line \
             (it is written by the phone itself)",
        ),
        (
            "replace 1",
            "action replace: allowed only with condition startsWith or equals",
        ),
    ] {
        let line = format!("longerThan 1 => {action}");
        assert_eq!(error(&line), format!("rule[2]/action[1]: {said}"));
    }
    assert!(Action::takes_operand("append") && !Action::takes_operand("continue"));
}

/// K-138 to K-140, C-44: some actions are for calls that come in, some for numbers that are dialled.
#[test]
fn actions_have_their_direction() {
    for (action, direction, only) in [
        ("rejectCall", Direction::Outgoing, "only for incoming calls"),
        (
            "forwardCall 500",
            Direction::Outgoing,
            "only for incoming calls",
        ),
        (
            "answerImmediately",
            Direction::Outgoing,
            "only for incoming calls",
        ),
        ("dialOut a", Direction::Incoming, "only for dialled numbers"),
        (
            "callThrough",
            Direction::Incoming,
            "only for dialled numbers",
        ),
        (
            "overrideDialAction options",
            Direction::Incoming,
            "only for dialled numbers",
        ),
        (
            "setHeader X-A: b",
            Direction::Incoming,
            "only for dialled numbers",
        ),
    ] {
        let name = action.split(' ').next().unwrap();
        let said = format!("rule[2]/action[1]: action {name}: allowed {only}");
        assert_eq!(errors(&format!("=> {action}"), direction), [said]);
        let other = match direction {
            Direction::Outgoing => Direction::Incoming,
            Direction::Incoming => Direction::Outgoing,
        };
        assert!(
            errors(&format!("=> {action}"), other).is_empty(),
            "{action}"
        );
    }
    let wrong = errors("=> forwardCall \"\"", Direction::Incoming);
    let said = "forwardCall: value \"\" is not valid, allowed: number or URI";
    assert_eq!(wrong, [format!("rule[2]/action[1]: {said}")]);
}

/// K-106, K-108, K-124: what is missing.
#[test]
fn lines_have_both_sides() {
    for (line, said) in [
        (
            "startsWith 1",
            "is not CONDITION, … => ACTION, …, such as startsWith 00 => replace +",
        ),
        ("startsWith 1 =>", "at least one action is required"),
        (
            "startsWith \"1 => confirm",
            "is not CONDITION, … => ACTION, …, such as startsWith 00 => replace +",
        ),
        ("=> prepend \"1", "a quotation mark is not closed"),
    ] {
        assert_eq!(error(line), format!("rule[2]: {said}"));
    }
    let quoted = Rules::read(["equals \"a=>b, c\" => replace \" \""], Direction::Outgoing).unwrap();
    assert_eq!(
        quoted.0[0].conditions,
        [Condition::Equals("a=>b, c".to_owned())]
    );
    assert_eq!(quoted.0[0].actions, [Action::Replace(" ".to_owned())]);
}

#[test]
fn lists_have_bounds() {
    let many = vec!["=> confirm"; RULES];
    assert_eq!(Rules::read(many, Direction::Outgoing).unwrap().len(), RULES);
    let too_many = vec!["=> confirm"; RULES + 1];
    let found = Rules::read(too_many, Direction::Outgoing).unwrap_err();
    assert_eq!(found[0].to_string(), "rules: at most 500 rules are allowed");
    let actions = |count| format!("=> {}", vec!["confirm"; count].join(","));
    assert_eq!(error(&actions(ACTIONS)), "");
    assert_eq!(
        error(&actions(ACTIONS + 1)),
        "rule[2]: at most 20 conditions and 20 actions are allowed"
    );
    let both = errors("startsWith, endsWith 2 => fly", Direction::Outgoing);
    assert_eq!(both.len(), 3, "{both:?}");
}

/// K-130: what an action does not take is left out, and told.
#[test]
fn operands_that_nothing_takes_are_told() {
    let lines = ["=> continue now, append 1", "=> recordCall", "=> drop it"];
    let idle = idle_operands(&lines.map(str::to_owned));
    let idle: Vec<String> = idle.iter().map(ToString::to_string).collect();
    assert_eq!(
        idle,
        [
            "rule[1]/action[1]: continue takes no operand; it is left out",
            "rule[3]/action[1]: drop takes no operand; it is left out",
        ]
    );
    assert!(Rules::read(lines, Direction::Outgoing).is_ok());
}
