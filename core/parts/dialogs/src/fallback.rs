//! A codec that cannot go on in a call: another one is agreed on.

use crate::Dialogs;
use base::Instant;
use control::event::CallWarning;
use control::{CallHandle, Code, EventBody};
use ports::Outbox;
use sdp::NegotiatedFormat;
use sip_message::Status;

impl Dialogs {
    /// Offers anew without the codec that is gone. Where there is no other, the call goes on in silence:
    /// whether that is worth anything is for its people to say.
    pub(crate) fn codec_gone(
        &mut self,
        handle: CallHandle,
        plugin: &str,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Some(gone) = call.agreed.as_ref().map(|agreed| agreed.format.clone()) else {
            return;
        };
        let media = call
            .local
            .as_mut()
            .and_then(|local| local.media.first_mut());
        let is_left = media.is_some_and(|media| {
            let others = media.formats.iter().filter(|format| {
                !format.name.eq_ignore_ascii_case(&gone.name)
                    || format.clock_rate != gone.clock_rate
            });
            let others: Vec<_> = others.cloned().collect();
            let is_left = !others.is_empty();
            if is_left {
                media.formats = others;
            }
            is_left
        });
        let then = match is_left {
            true => "another codec is offered",
            false => "there is no other: nothing is heard",
        };
        let fix =
            "look into its plugin: offhook plugin why; or leave the codec out of media.codecs";
        self.warn_of_codec(handle, (plugin, &gone), then, fix, now, out);
        if is_left {
            self.offer_anew(handle, now);
        }
    }

    /// The other side does not want what we offered instead.
    pub(crate) fn fallback_refused(
        &self,
        handle: CallHandle,
        status: Option<Status>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let said = status.map_or_else(String::new, |status| format!(" ({})", status.code()));
        let warning = Box::new(CallWarning {
            code: Code::NO_CODEC_IN_COMMON,
            text: format!(
                "the other side refused what was offered instead{said}; the call goes on as it was"
            ),
            fix: "call again".to_owned(),
        });
        self.tell(handle, EventBody::CallWarning(warning), now, out);
    }

    fn warn_of_codec(
        &self,
        handle: CallHandle,
        (plugin, gone): (&str, &NegotiatedFormat),
        then: &str,
        fix: &str,
        now: Instant,
        out: &mut Outbox,
    ) {
        let name = &gone.name;
        let warning = Box::new(CallWarning {
            code: Code::PLUGIN_CRASHED,
            text: format!("{name} of the plugin {plugin} does not work any more; {then}"),
            fix: fix.to_owned(),
        });
        self.tell(handle, EventBody::CallWarning(warning), now, out);
    }
}
