//! The pickup folder: applications leave messages there as files, and the edge sends them.
//!
//! NAME.eml, complete -> renamed to NAME.tmp -> read, committed -> removed
//!                                              | refused -> badmail/NAME.eml and NAME.txt
//!
//! May touch: that folder. A file is removed only after the commit; one that was being read when
//! the node ended is read again, so that a crash makes a second copy at worst, never a loss. What
//! is not a plain file with one name is left alone: a link would let whoever may write here send
//! what only this service may read.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use posthouse_message::{PickupOptions, Protocol, date_rfc5322, read_pickup};
use posthouse_policy::{Accepted, Proof, RecipientPath};
use posthouse_smtp::parse_address;
use posthouse_store::NewMessage;
use posthouse_types::{
    Address, MailParameters, Peer, Recipient, RecipientParameters, Refusal, printable,
};
use rustix::fs::{Mode, OFlags, open};

use super::admission::{self, PICKUP};
use super::settings::EdgeSettings;
use crate::body::{self, Body, Origin};
use crate::gateway::Admitted;
use crate::outbound::Entries;
use crate::protection;
use crate::records::{self, Submission, Told};
use crate::world::World;

/// How often the folder is looked at; Exchange's pickup folder is polled every 5 seconds.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// A file whose last change is this long ago is complete. Who writes slowly writes under another
/// name and renames.
const COMPLETE_AFTER: Duration = Duration::from_secs(1);

/// Files of one look: Exchange's pickup takes 100 a minute, and ours should let SMTP have its turn.
const FILES_PER_LOOK_MAX: usize = 100;

/// Waiting after the store refused for now.
const STORE_FAULT_PAUSE: Duration = Duration::from_secs(30);

/// Why a file was not taken.
enum Failure {
    /// The message is at fault: in words for whoever wrote it.
    Refused(String),
    /// We are: it is tried again.
    Later(String),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        if refusal.reply.is_permanent() {
            Self::Refused(format!("{} {}", refusal.reply, refusal.operator_text))
        } else {
            Self::Later(refusal.operator_text)
        }
    }
}

/// Makes the folders, and gives back what was under way when the last process ended.
///
/// # Errors
/// What cannot be done, and what to do.
pub(crate) fn prepare(folder: &Path) -> Result<(), String> {
    let cannot = |error: io::Error| {
        format!(
            "cannot use the pickup folder {}: {error}\n  next: make it, writable for the user that \
             runs the edge",
            folder.display()
        )
    };
    DirBuilder::new().recursive(true).mode(0o770).create(folder.join("badmail")).map_err(cannot)?;
    for name in names(folder, ".tmp").map_err(cannot)? {
        let from = folder.join(&name);
        let to = from.with_extension("eml");
        if !to.exists() {
            fs::rename(&from, &to).map_err(cannot)?;
        }
    }
    Ok(())
}

/// Looks into the folder until the node stops.
pub(crate) async fn watch(world: Arc<World>, folder: PathBuf) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
            () = world.stopping.stopped() => return,
        }
        match complete(&folder) {
            Ok(files) => {
                for name in files {
                    if !take(&world, &folder, &name).await {
                        tokio::time::sleep(STORE_FAULT_PAUSE).await;
                        break;
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, folder = %folder.display(), "the pickup folder cannot be read");
                tokio::time::sleep(STORE_FAULT_PAUSE).await;
            }
        }
    }
}

/// Takes one file. Whether the next one may be tried.
async fn take(world: &World, folder: &Path, name: &str) -> bool {
    let file = folder.join(name);
    let under_way = file.with_extension("tmp");
    // Nobody who still writes to the old name disturbs us, and nobody takes it twice.
    if under_way.exists() || fs::rename(&file, &under_way).is_err() {
        return true;
    }
    match submit(world, &under_way).await {
        Ok(()) => {
            if let Err(error) = fs::remove_file(&under_way) {
                tracing::error!(%error, file = name, "a file that was sent cannot be removed");
            }
            true
        }
        Err(Failure::Refused(why)) => {
            tracing::warn!(file = name, why, "a file in the pickup folder cannot be sent");
            if let Err(error) = set_aside(folder, name, &under_way, &why) {
                tracing::error!(%error, file = name, "a refused file cannot be set aside");
            }
            true
        }
        Err(Failure::Later(why)) => {
            tracing::error!(file = name, why, "a file in the pickup folder has to wait");
            let _ = fs::rename(&under_way, &file);
            false
        }
    }
}

/// Moves a refused file to `badmail`, with a text that says why.
fn set_aside(folder: &Path, name: &str, under_way: &Path, why: &str) -> io::Result<()> {
    let badmail = folder.join("badmail");
    let mut target = badmail.join(name);
    let stem = name.trim_end_matches(".eml");
    let mut number = 1;
    while target.exists() {
        number += 1;
        target = badmail.join(format!("{stem}-{number}.eml"));
    }
    fs::write(target.with_extension("txt"), format!("{why}\n"))?;
    fs::rename(under_way, target)
}

/// Reads one file and commits it.
async fn submit(world: &World, file: &Path) -> Result<(), Failure> {
    let settings = world.settings();
    let Some(edge) = &settings.edge else { return Ok(()) };
    let bytes = read(file, settings.smtp.message_bytes_max)?;
    let (reference, now) = (world.new_reference(), world.now());
    let options = PickupOptions {
        date: &date_rfc5322(now),
        message_id: &format!("<{reference}@{}>", settings.node.name),
    };
    let found = read_pickup(&bytes, &options).map_err(|why| Failure::Refused(why.to_owned()))?;
    let sender = found.sender.as_deref().map(address).transpose()?;
    let recipients = recipients(&found.recipients, settings.smtp.limits().recipients_max)?;
    let (accepted, recipients) = accept(world, edge, recipients);
    let mut body = Body::new(world, Some(&accepted));
    body.append(&found.content)?;
    let (draft, header) = body.finish()?;
    let needs_smtputf8 = header.has_utf8_header
        || sender
            .iter()
            .chain(recipients.iter().map(|admitted| &admitted.recipient.address))
            .any(Address::needs_smtputf8);
    let parameters = MailParameters { smtputf8: needs_smtputf8, ..MailParameters::default() };
    let peer = local_peer();
    let submission = Submission {
        peer: &peer,
        chain: None,
        reference,
        sender: sender.as_ref(),
        recipient: String::new(),
        now,
    };
    let origin = Origin {
        helo: "",
        address: None,
        protocol: if needs_smtputf8 { Protocol::Utf8Smtp } else { Protocol::Esmtp },
        authenticated: false,
        tls: None,
        reference,
        recipients: &recipients,
        now,
    };
    let judgement = protection::judgement(&posthouse_filter::absent(), None, None);
    let told = Told {
        header: &header,
        size: draft.len(),
        judgement: &judgement,
        is_judged: false,
        rules: &[],
    };
    let message = NewMessage {
        reference,
        tenant: crate::gateway::tenant_of(&accepted),
        received: now,
        parameters: body::with_measured_body(&parameters, &header),
        authenticated: true,
        head: body::head(world, &origin, &accepted, &header),
        message_id: header.message_id.clone(),
        subject: header.subject.clone(),
        recipients: body::queue_rows(&recipients, now),
        trace: records::received(&submission, &accepted, &recipients, &told),
        body: draft,
        events: Vec::new(),
        facts: String::new(),
        sender,
    };
    let entries = Entries::of_one(&message);
    match world.store().commit(message).await {
        Ok(committed) => {
            tracing::info!(%reference, "a message was picked up");
            world.outbound.committed(entries.numbered(&committed));
            Ok(())
        }
        Err(error) => Err(Failure::Later(error.to_string())),
    }
}

/// Reads a plain file with one name, no link of any kind, up to the largest message.
fn read(file: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    let later = |error: io::Error| Failure::Later(error.to_string());
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = open(file, flags, Mode::empty());
    let file = File::from(opened.map_err(|error| match error {
        rustix::io::Errno::LOOP => Failure::Refused("The file is a symbolic link.".to_owned()),
        error => Failure::Later(error.to_string()),
    })?);
    let metadata = file.metadata().map_err(later)?;
    if !metadata.is_file() || metadata.nlink() != 1 {
        return Err(Failure::Refused("This is no plain file, or has a second name.".to_owned()));
    }
    if metadata.len() > bytes_max {
        return Err(Failure::Refused(format!(
            "The message has {} bytes; the limit is {bytes_max} ([edge] message_bytes_max).",
            metadata.len()
        )));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    file.take(bytes_max).read_to_end(&mut bytes).map_err(later)?;
    Ok(bytes)
}

fn address(text: &str) -> Result<Address, Failure> {
    parse_address(text, true).map_err(|error| {
        Failure::Refused(format!("\"{}\" is no address: {error}.", printable(text, 120)))
    })
}

fn recipients(texts: &[String], recipients_max: usize) -> Result<Vec<Address>, Failure> {
    if texts.len() > recipients_max {
        return Err(Failure::Refused(format!(
            "The message has {} recipients; the limit is {recipients_max}. Send it in parts.",
            texts.len()
        )));
    }
    let mut found: Vec<Address> = Vec::with_capacity(texts.len());
    for text in texts {
        let address = address(text)?;
        if !found.contains(&address) {
            found.push(address);
        }
    }
    Ok(found)
}

/// Whose the message is, and its recipients; there is at least one.
fn accept(
    world: &World,
    edge: &EdgeSettings,
    addresses: Vec<Address>,
) -> (Accepted, Vec<Admitted>) {
    let id = super::tenant(world);
    let proof = || Proof::Local("the pickup folder".into());
    let accepted = |path: RecipientPath<'_>| admission::accept(edge, id, PICKUP, proof(), path);
    let admitted = addresses
        .into_iter()
        .map(|address| {
            let place = accepted(RecipientPath::Mailbox(&address)).place;
            let hosted = matches!(place, posthouse_policy::Place::Hosted(_));
            let parameters = RecipientParameters::default();
            Admitted {
                recipient: Recipient { address, parameters },
                hosted_by: hosted.then_some(id),
                held: None,
            }
        })
        .collect();
    (accepted(RecipientPath::Postmaster), admitted)
}

/// Who brings a file, as traces show it.
fn local_peer() -> Peer {
    let nowhere = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
    Peer { address: nowhere, local_address: nowhere, helo: "pickup".to_owned(), tls: None }
}

/// Messages that nobody is writing any more, the oldest first.
fn complete(folder: &Path) -> io::Result<Vec<String>> {
    let now = SystemTime::now();
    let mut found = Vec::new();
    for name in names(folder, ".eml")? {
        // A file that vanished between two looks was taken back by who wrote it.
        let Ok(metadata) = fs::symlink_metadata(folder.join(&name)) else { continue };
        let Ok(changed) = metadata.modified() else { continue };
        // A change in the future is a clock that was set back: waiting for it helps nobody.
        if now.duration_since(changed).map_or(true, |age| age >= COMPLETE_AFTER) {
            found.push((changed, name));
        }
    }
    found.sort();
    found.truncate(FILES_PER_LOOK_MAX);
    Ok(found.into_iter().map(|(_, name)| name).collect())
}

/// Names in a folder that end so, in any case as written; those that are no UTF-8 are passed over.
fn names(folder: &Path, ending: &str) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let Ok(name) = entry?.file_name().into_string() else { continue };
        if name.ends_with(ending) && !name.starts_with('.') {
            names.push(name);
        }
    }
    Ok(names)
}
