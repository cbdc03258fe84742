//! Where an account looks people up.

use super::build::origin;
use super::{Values, address};
use crate::account::Directory;
use crate::complaint::Complaints;
use crate::settings::Device;
use base::Redacted;

/// Directories of one account, in the order in which they are believed (M-109): CardDAV, LDAP, the server's, others.
pub(super) fn of_account(
    id: &str,
    values: &Values,
    complaints: &mut Complaints,
) -> Option<Vec<Directory>> {
    let key = |name: &str| values.account_key(id, name);
    let mut all = Vec::new();
    if !values.text(&key("carddav_principal_url"))?.is_empty() {
        all.push(carddav(id, values, complaints)?);
    }
    if !values.text(&key("ldap_url"))?.is_empty() {
        all.push(ldap(id, values, complaints)?);
    }
    for of_server in ["system_directory", "server_book"] {
        if !values.text(&key(&format!("{of_server}_url")))?.is_empty() {
            all.push(server(id, of_server, values, complaints)?);
        }
    }
    for written in values.list(&key("directories"))? {
        let device = Device::read(written)?;
        all.push(Directory {
            title: device.plugin.clone(),
            plugin: device.plugin,
            list: "ws",
            refresh: values.seconds(&key("directory_refresh_s"))?,
            options: device.argument,
            url: String::new(),
            base: String::new(),
            login: None,
            clear_password: false,
        });
    }
    Some(all)
}

fn carddav(id: &str, values: &Values, complaints: &mut Complaints) -> Option<Directory> {
    let key = |name: &str| values.account_key(id, name);
    let text = |name: &str| values.text(&key(name)).map(str::to_owned);
    let url = text("carddav_principal_url")?;
    let has_scheme = url.contains("://");
    if has_scheme && !url.starts_with("http://") && !url.starts_with("https://") {
        let key = key("carddav_principal_url");
        refuse(&key, &url, "http or https URL", values, complaints);
    }
    // A URL without a scheme is meant as https (K-203).
    let url = match has_scheme {
        true => url,
        false => format!("https://{url}"),
    };
    let user = text("carddav_user")?;
    let password = text("carddav_password").map(Redacted::new)?;
    let own = user.is_empty() && password.reveal().is_empty();
    Some(Directory {
        plugin: "directory-carddav".to_owned(),
        title: text("carddav_title")?,
        list: "dav",
        refresh: values.seconds(&key("carddav_refresh_s"))?,
        options: String::new(),
        url: url.replace("%account[username]%", &text("user")?),
        base: String::new(),
        login: (!own).then_some((user, password)),
        clear_password: values.switch(&key("carddav_clear_password"))?,
    })
}

/// Who the server lists (M-103), or whom it finds (M-107).
fn server(id: &str, name: &str, values: &Values, complaints: &mut Complaints) -> Option<Directory> {
    let key = |name: &str| values.account_key(id, name);
    let text = |name: &str| values.text(&key(name)).map(str::to_owned);
    let (of_url, is_search) = (format!("{name}_url"), name == "server_book");
    let url = text(&of_url)?;
    let is_http = url.starts_with("http://") || url.starts_with("https://");
    if !is_http || url.contains("%query%") != is_search {
        let allowed = match is_search {
            true => "http or https URL with %query% in it",
            false => "http or https URL without %query%",
        };
        refuse(&key(&of_url), &url, allowed, values, complaints);
    }
    let user = text("server_user")?;
    let password = text("server_password").map(Redacted::new)?;
    let own = user.is_empty() && password.reveal().is_empty();
    Some(Directory {
        plugin: "directory-http".to_owned(),
        title: text(&format!("{name}_title"))?,
        list: "ws",
        refresh: values.seconds(&key("directory_refresh_s"))?,
        options: String::new(),
        url: url.replace("%account[username]%", &text("user")?),
        base: String::new(),
        login: (!own).then_some((user, password)),
        clear_password: values.switch(&key("server_clear_password"))?,
    })
}

fn ldap(id: &str, values: &Values, complaints: &mut Complaints) -> Option<Directory> {
    let key = |name: &str| values.account_key(id, name);
    let text = |name: &str| values.text(&key(name)).map(str::to_owned);
    let url = text("ldap_url")?;
    if !url.starts_with("ldap://") {
        refuse(&key("ldap_url"), &url, "ldap://SERVER", values, complaints);
    }
    let password = text("ldap_password").map(Redacted::new)?;
    Some(Directory {
        plugin: "directory-ldap".to_owned(),
        title: text("ldap_title")?,
        list: "",
        refresh: values.seconds(&key("directory_refresh_s"))?,
        options: text("ldap_options")?,
        url,
        base: text("ldap_base")?,
        login: Some((text("ldap_user")?, password)),
        clear_password: false,
    })
}

fn refuse(key: &str, value: &str, allowed: &str, values: &Values, complaints: &mut Complaints) {
    let what = format!("{} is not allowed", address::shown(value));
    complaints.error(
        &origin(key, values),
        key,
        what,
        format!("allowed: {allowed}"),
    );
}
