//! A PBX, and a phone that is its extension 101: anew for each case.

use crate::cast::{self, Cast};
use crate::scenario::Scenario;
use control::EventBody;
use control::event::Filter;
use demo_pbx::{Pbx, Users};
use engine::Core;
use engine::listener::{Listener, Next};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

/// The phone's extension.
const USER: &str = "101";
/// How long the account may take to register. Unit: time.
const REGISTER_WITHIN: Duration = Duration::from_secs(5);

/// Everything that a case runs on.
pub(crate) struct Stage {
    pbx: Pbx,
    pub(crate) phone: Rc<Core>,
    /// Every event of the phone.
    pub(crate) events: Rc<Listener>,
}

impl Stage {
    /// Starts both; recordings go into `folder`.
    pub(crate) async fn set(scenario: &Scenario, folder: &Path) -> Result<Self, String> {
        let Cast {
            catalogue,
            settings,
        } = cast::of(scenario)?;
        let password = seed()?
            .map(|byte| char::from(b'a' + byte % 26))
            .iter()
            .collect::<String>();
        let users = Users::none().and(USER, &password);
        let pbx_settings = demo_pbx::Settings::new(users, folder.to_owned(), seed()?);
        let pbx = demo_pbx::start(pbx_settings, cast::of_the_pbx(scenario)?).await;
        let pbx = pbx.map_err(|why| why.to_string())?;
        let mut request = settings::Request::of_profile("demo");
        // What stands in the environment is for a person's phone.
        request.environment.clear();
        let server = pbx.address().to_string();
        let recordings = folder.display().to_string();
        let own = [
            ("accounts.qa.user", USER),
            ("accounts.qa.domain", &server),
            ("accounts.qa.password", &password),
            ("recording.folder", &recordings),
        ];
        let own = own.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let all = own.into_iter().chain(settings);
        request.options = all
            .map(|(key, value)| (key, value, "scenario".to_owned()))
            .collect();
        let loaded = settings::load(&request).map_err(|all| all.to_string())?;
        let builder =
            phone::build_keeping(&loaded.settings, catalogue).map_err(|why| why.to_string())?;
        let phone = builder.start().await.map_err(|why| why.to_string())?;
        let events = phone.events(Filter(Vec::new()));
        let stage = Self { pbx, phone, events };
        match tokio::time::timeout(REGISTER_WITHIN, stage.registered()).await {
            Ok(Ok(())) => Ok(stage),
            Ok(Err(why)) => Err(stage.strike_with(why).await),
            Err(_) => Err(stage
                .strike_with("the phone did not register in time".to_owned())
                .await),
        }
    }

    async fn registered(&self) -> Result<(), String> {
        loop {
            let Next::Event(sent) = self.events.next().await else {
                continue;
            };
            if let EventBody::AccountRegistered(_) = &sent.event.body {
                return Ok(());
            }
            if let EventBody::AccountFailed(change) = &sent.event.body {
                return Err(format!("the phone could not register: {:?}", change.error));
            }
        }
    }

    async fn strike_with(self, why: String) -> String {
        self.strike().await;
        why
    }

    /// Stops both.
    pub(crate) async fn strike(self) {
        self.phone.stop("the case is over").await;
        self.pbx.stop().await;
    }
}

fn seed() -> Result<[u8; 32], String> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|why| format!("the system gives no random bytes: {why}"))?;
    Ok(seed)
}
