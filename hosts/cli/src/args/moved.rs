//! What may be typed about calls that go elsewhere.

use clap::Args as Group;
use control::CallHandle;

/// `redirect`. With one word, that is where to.
#[derive(Debug, Group)]
#[command(override_usage = "offhook redirect [OPTIONS] [ID] <TO>")]
pub(crate) struct Redirect {
    /// The call, needed only where several ring, and a number or an address
    #[arg(value_name = "ID TO", required = true, num_args = 1..=2)]
    pub(crate) words: Vec<String>,
}

/// `transfer`.
#[derive(Debug, Group)]
#[command(
    override_usage = "offhook transfer [OPTIONS] [ID] <TO>\n       offhook transfer complete|cancel|allow|refuse [ID]"
)]
pub(crate) struct Transfer {
    /// The call, needed only where there are several, and a number or an address; or complete (hand over to whom was
    /// asked), cancel (take the call back), allow or refuse (where the other side sends this call elsewhere)
    #[arg(value_name = "ID TO", num_args = 0..=2)]
    pub(crate) words: Vec<String>,
    /// Call the target and ask first
    #[arg(long)]
    pub(crate) ask: bool,
    /// Join the call with the far end of this other call
    #[arg(long, value_name = "ID", conflicts_with = "ask")]
    pub(crate) with: Option<CallHandle>,
    /// To the extension of this lamp: its extension, its address or its label
    #[arg(long, value_name = "NAME", conflicts_with = "with")]
    pub(crate) lamp: Option<String>,
}

/// `park`. With one word, that is the slot.
#[derive(Debug, Group)]
#[command(override_usage = "offhook park [OPTIONS] [ID] <SLOT>")]
pub(crate) struct Park {
    /// The call, needed only where there are several, and the number of the slot, such as 701
    #[arg(value_name = "ID SLOT", required = true, num_args = 1..=2)]
    pub(crate) words: Vec<String>,
}
