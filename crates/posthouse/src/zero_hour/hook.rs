//! The operator's program, told of delivered messages whose verdict has become worse.
//!
//! May touch: that program, one at a time, for a bounded time; the store, to note that it was told.
//! It gets one line of JSON on its standard input. One that fails is run again later, with the same
//! line: it may be told of a message twice, never not at all within two days.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use posthouse_policy::ZERO_HOUR_TIME_MAX;
use posthouse_store::Changes;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::office::change_line;
use crate::world::World;

/// How long the program may take for one message.
const HOOK_TIME_MAX: Duration = Duration::from_secs(10);
/// When one that failed is run again.
const RETRY: Duration = Duration::from_secs(60);
/// Messages that it is told of in one go.
const TOLD_AT_ONCE_MAX: usize = 1000;

/// Tells the program whenever there is something to tell, and again where it failed.
pub(super) async fn run(world: &World) {
    loop {
        let told = tell(world).await;
        if let Err(why) = &told {
            tracing::warn!(why, "the zero-hour hook was not told; it is tried once more");
        }
        tokio::select! {
            () = world.office.zero_hour.found.notified() => {}
            () = tokio::time::sleep(RETRY), if told.is_err() => {}
            () = world.stopping.stopped() => return,
        }
    }
}

/// Tells the program of all that it was not told of yet; stops where it fails.
async fn tell(world: &World) -> Result<(), String> {
    let settings = world.settings();
    let Some(program) = &settings.filter.zero_hour_hook else { return Ok(()) };
    let changes = Changes {
        since: Some(world.now() - ZERO_HOUR_TIME_MAX),
        only_to_tell: true,
        limit: TOLD_AT_ONCE_MAX,
        ..Changes::default()
    };
    let store = world.store();
    let waiting = store.verdict_changes(changes).await.map_err(|error| error.to_string())?;
    for change in waiting {
        if world.stopping.has_begun() {
            return Ok(());
        }
        let line = format!("{}\n", change_line(&change, &world.directory()));
        hand_over(program, &line).await?;
        store.verdict_change_told(change.id).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

async fn hand_over(program: &Path, line: &str) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", program.display());
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let stdin = child.stdin.take();
    let conversation = async {
        if let Some(mut stdin) = stdin {
            // One that does not read its line may be content without; its status says so.
            let _ = stdin.write_all(line.as_bytes()).await;
        }
        child.wait().await
    };
    match tokio::time::timeout(HOOK_TIME_MAX, conversation).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("{} ended with {status}", program.display())),
        Ok(Err(error)) => Err(failed(error)),
        Err(_) => Err(format!("{} took longer than 10 s and was ended", program.display())),
    }
}
