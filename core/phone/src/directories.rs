//! Where people are looked up: the directories of the settings, as the plugins that ask them.

use directory::source::Open;
use directory::{Ask, Source, Trouble};
use plugin::Status;
use plugin_host::Catalogue;
use plugin_host::draft::{Directory, DirectoryPlugin};
use ports::Account;
use serde_json::{Map, Value, json};
use settings::Settings;

/// Where the first directory stands when several know who calls: behind favourites, contacts, and copies of
/// directories.
const FIRST: u8 = 3;

/// Those of all accounts. One whose plugin is not there, or whose options are no JSON, is told and left out: a phone
/// without a phone book is a phone.
pub(crate) fn sources(
    settings: &Settings,
    accounts: &[Account],
    catalogue: &Catalogue,
) -> Vec<Source> {
    let mut sources = Vec::new();
    for from in &settings.accounts {
        let Some(account) = accounts.iter().find(|account| account.name == from.id) else {
            continue;
        };
        for (wanted, rank) in from.directories.iter().zip(FIRST..) {
            let plugin = match catalogue.directory(&wanted.plugin) {
                Ok(plugin) => plugin.clone(),
                Err(why) => {
                    tracing::warn!(account = from.id, %why, "a directory is left out");
                    continue;
                }
            };
            let Some(options) = options(wanted, account) else {
                let directory = &wanted.title;
                tracing::warn!(
                    account = from.id,
                    directory,
                    "its options are no JSON object: it is left out"
                );
                continue;
            };
            sources.push(Source {
                title: wanted.title.clone(),
                list: wanted.list.to_owned(),
                account: account.name.clone(),
                owner: account.owner(),
                rank,
                refresh: wanted.refresh,
                patience: Source::PATIENCE,
                open: open(plugin, options),
            });
        }
    }
    sources
}

/// What the plugin is told: what is set of it, and where and as whom. `None`: what is set is no JSON object.
fn options(wanted: &settings::Directory, account: &Account) -> Option<String> {
    let set = wanted.options.trim();
    let mut all: Map<String, Value> = match set {
        "" => Map::new(),
        set => serde_json::from_str(set).ok()?,
    };
    if wanted.url.is_empty() {
        return Some(Value::Object(all).to_string());
    }
    let (user, password) = match &wanted.login {
        Some((user, password)) => (user.clone(), password.reveal().clone()),
        None => (account.auth_user.clone(), account.password.reveal().clone()),
    };
    let mut put = |name: &str, value: Value| {
        all.insert(name.to_owned(), value);
    };
    put("url", json!(wanted.url));
    put("user", json!(user));
    put("password", json!(password));
    if wanted.list.is_empty() {
        put("base", json!(wanted.base));
    } else {
        put("refresh_s", json!(wanted.refresh.as_secs().max(1)));
        put("clear_password", json!(wanted.clear_password));
    }
    Some(Value::Object(all).to_string())
}

fn open(plugin: DirectoryPlugin, options: String) -> Open {
    Box::new(move || {
        let opened = plugin.open(&options).map_err(|why| why.to_string())?;
        Ok(Box::new(Opened(opened)))
    })
}

struct Opened(Directory);

impl Ask for Opened {
    fn search(&mut self, query: &str) -> Result<String, Trouble> {
        self.0
            .search(query)
            .map_err(|refusal| match refusal.status {
                Status::UNSUPPORTED => Trouble::Unsupported,
                _ if refusal.reason.is_empty() => Trouble::Failed(refusal.to_string()),
                _ => Trouble::Failed(refusal.reason),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// K-205, K-206: who sets no login logs in as the account does; the password is in no log of the settings.
    #[test]
    fn a_directory_is_asked_as_the_account_or_as_somebody_else() {
        let request = settings::Request {
            profile: "headless".to_owned(),
            options: [
                ("accounts.a.user", "101"),
                ("accounts.a.domain", "pbx.test"),
                ("accounts.a.password", "sip-secret"),
                (
                    "accounts.a.carddav_principal_url",
                    "http://dav.test/%account[username]%/",
                ),
                ("accounts.a.carddav_title", "Office"),
                ("accounts.b.user", "102"),
                ("accounts.b.domain", "pbx.test"),
                ("accounts.b.carddav_principal_url", "dav.test"),
                ("accounts.b.carddav_user", "bob"),
                ("accounts.b.carddav_password", "dav-secret"),
                ("accounts.b.carddav_refresh_s", "2"),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned(), "--set".to_owned()))
            .to_vec(),
            ..settings::Request::default()
        };
        let loaded = settings::load(&request).unwrap();
        let accounts = crate::accounts::accounts(&loaded.settings).unwrap();
        let told = |at: usize| -> Value {
            let wanted = &loaded.settings.accounts[at].directories[0];
            serde_json::from_str(&options(wanted, &accounts[at]).unwrap()).unwrap()
        };
        let (a, b) = (told(0), told(1));
        assert_eq!(a["url"], "http://dav.test/101/");
        assert_eq!(
            (&a["user"], &a["password"]),
            (&json!("101"), &json!("sip-secret"))
        );
        assert_eq!(b["url"], "https://dav.test");
        assert_eq!(
            (&b["user"], &b["password"]),
            (&json!("bob"), &json!("dav-secret"))
        );
        assert_eq!(b["refresh_s"], 2);
        let shown = format!("{:?}", loaded.settings);
        assert!(!shown.contains("dav-secret") && !shown.contains("sip-secret"));
        assert!(
            loaded
                .values()
                .all(|(_, value, _)| !value.contains("dav-secret"))
        );
    }
}
