//! Asking: through the door of a running node, or by opening its store where none runs.
//!
//! May touch: the settings file, the door, the store, standard output and error.

use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;

use posthouse_lookup::Resolver;
use posthouse_store::{Store, StoreOptions};

use super::{Ask, show};
use crate::door;
use crate::office::{Answer, GrantsByTenant, Office, Request, Trouble};
use crate::settings::Settings;
use crate::tls::personal_name;
use crate::world;

/// Asks, shows the answer, and says how it went.
pub(super) fn run(ask: Ask) -> ExitCode {
    let answer = ask
        .request
        .map_err(|error| Trouble::new(error, ""))
        .and_then(|request| answer(&ask.asking.node.config, request));
    match answer {
        Ok(items) => {
            let name = Settings::read(&ask.asking.node.config)
                .map(|settings| settings.node.name)
                .unwrap_or_default();
            show::items(&items, ask.view, ask.asking.json, &name)
        }
        Err(trouble) => {
            show::trouble(&trouble);
            ExitCode::FAILURE
        }
    }
}

pub(super) fn answer(config: &Path, request: Request) -> Answer {
    let settings = Settings::read(config).map_err(|error| Trouble::new(error.to_string(), ""))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::new(format!("cannot start: {error}"), ""))?;
    runtime.block_on(async {
        match door::ask(&settings.node.data_dir, &request).await {
            Some(answer) => answer,
            None => without_node(&settings, request).await,
        }
    })
}

/// No node runs: the store is opened, asked and closed again.
async fn without_node(settings: &Settings, request: Request) -> Answer {
    let options =
        StoreOptions { secret_if_new: Some(world::random_bytes()), ..StoreOptions::default() };
    let (store, _) = Store::open(&settings.node.data_dir, options).map_err(|error| {
        Trouble::new(
            format!("cannot open the store in {}: {error}", settings.node.data_dir.display()),
            "run this as the user that runs the node, with the node's own --config",
        )
    })?;
    let resolver = settings.dns.resolver().unwrap_or_else(|_| Resolver::none());
    let grants = GrantsByTenant::read(&settings.attribution)
        .map_err(|error| Trouble::new(error, "correct the settings file"))?;
    let office = Office::new(store, resolver, Box::new(|_| {}))
        .of_edge(settings.edge.is_some())
        .granting(grants);
    let answer = match office.load_directory().await {
        Ok(()) => office.answer(request, world::now()).await,
        Err(trouble) => Err(trouble),
    };
    office.store.clone().close().await;
    answer
}

/// A tenant's file, or standard input. Relative certificate paths in it become absolute: the
/// node's working folder is another one.
pub(super) fn read_file(file: &Path) -> Result<String, String> {
    let (text, folder) = if file == Path::new("-") {
        let mut text = String::new();
        io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| format!("cannot read standard input: {error}"))?;
        (text, Path::new(".").to_path_buf())
    } else {
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        (text, file.parent().unwrap_or(Path::new(".")).to_path_buf())
    };
    Ok(with_absolute_paths(text, &folder))
}

fn with_absolute_paths(text: String, folder: &Path) -> String {
    let Ok(mut table) = text.parse::<toml::Table>() else {
        return text; // The node says what is wrong with it, and where.
    };
    let mut changed = false;
    let connectors = table.get_mut("outbound_connector").and_then(toml::Value::as_array_mut);
    for connector in connectors.into_iter().flatten() {
        for key in ["tls_certificate", "tls_key"] {
            if let Some(toml::Value::String(path)) = connector.get_mut(key)
                && personal_name(path).is_none()
                && Path::new(path.as_str()).is_relative()
                && let Ok(absolute) = std::path::absolute(folder.join(path.as_str()))
            {
                *path = absolute.display().to_string();
                changed = true;
            }
        }
    }
    if changed { table.to_string() } else { text }
}

/// The time so many hours ago, in milliseconds since 1970.
pub(super) fn hours_ago(hours: u32) -> i64 {
    world::now().0 - i64::from(hours) * 3_600_000
}
