//! What a response to an in-dialog request does to the dialog (RFC 5057 §5).

use sip_message::{Method, Status};

/// How much a final response of 300 and up takes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Only the request failed.
    Transaction,
    /// The usage that sent it is over; a session says BYE.
    Usage,
    /// The peer knows the dialog no more: nothing can be sent in it.
    Dialog,
}

impl Effect {
    /// What `status` in answer to `method` does. Source: RFC 5057 §5.1, table.
    ///
    /// What refuses a request that belongs to a usage of its own, or to none, ends no other: a peer that
    /// does not answer REFER still talks (RFC 5057 §4.1). 405 and 501 end a usage only where they refuse the method that made it: a peer without INFO
    /// still talks.
    pub fn of(status: Status, method: &Method) -> Self {
        match status.code() {
            404 | 410 | 416 | 482..=485 | 502 | 604 => Self::Dialog,
            408 | 480 | 481 => match method {
                Method::Refer | Method::Subscribe | Method::Notify | Method::Message => {
                    Self::Transaction
                }
                Method::Invite
                | Method::Ack
                | Method::Bye
                | Method::Cancel
                | Method::Register
                | Method::Options
                | Method::Prack
                | Method::Update
                | Method::Info
                | Method::Publish
                | Method::Other(_) => Self::Usage,
            },
            405 | 501 if *method == Method::Invite => Self::Usage,
            _ => Self::Transaction,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_take_as_much_as_rfc_5057_says() {
        let table = [
            (481, Method::Invite, Effect::Usage),
            (404, Method::Info, Effect::Dialog),
            (408, Method::Update, Effect::Usage),
            (480, Method::Invite, Effect::Usage),
            (481, Method::Refer, Effect::Transaction),
            (404, Method::Refer, Effect::Dialog),
            (501, Method::Info, Effect::Transaction),
            (501, Method::Invite, Effect::Usage),
            (488, Method::Invite, Effect::Transaction),
            (491, Method::Update, Effect::Transaction),
            (500, Method::Invite, Effect::Transaction),
        ];
        for (code, method, effect) in table {
            let status = Status::new(code).unwrap();
            assert_eq!(Effect::of(status, &method), effect, "{code} {method}");
        }
    }
}
