//! How much of a long stream a daemon looks at. Its limits cannot be asked for (clamd(8) has no
//! command that tells them), so it is given what it has to find, in a stream of that length.
//!
//! May touch the daemon's socket, as `clamd` does. Holds one chunk, whatever the length.

use tokio::time::timeout;

use super::{CHUNK_BYTES, Clamd, EngineFact, fact};

/// What a daemon makes of a stream of some length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClamdReach {
    /// It found the mark in it: all of such a message is looked at.
    Looks,
    /// It does not take it (`StreamMaxLength`), in its words: such a message has no answer.
    Ends(String),
    /// It takes it and does not look into it (`MaxFileSize`, `MaxScanSize`): such a message is
    /// called clean, whatever it holds.
    Skips,
    /// It takes it. Its signatures do not know the mark, so nobody can tell whether it looks.
    Takes,
}

impl Clamd {
    /// Streams a mark that the daemon should find, and zeros behind it up to this many octets.
    ///
    /// # Errors
    /// It does not answer for a short stream either: why, printable.
    pub async fn reach(&self, mark: &[u8], octets: u64) -> Result<ClamdReach, String> {
        let knows = match fact(&self.probe(mark, mark.len() as u64).await?) {
            EngineFact::Failed(reason) => return Err(reason),
            EngineFact::Infected(_) => true,
            EngineFact::Clean | EngineFact::NotAsked => false,
        };
        let reply = match self.probe(mark, octets).await {
            Ok(reply) => reply,
            // It answered a moment ago: the length is what it does not like.
            Err(reason) => return Ok(ClamdReach::Ends(reason)),
        };
        Ok(match fact(&reply) {
            EngineFact::Infected(_) => ClamdReach::Looks,
            EngineFact::Failed(reason) => ClamdReach::Ends(reason),
            _ if knows => ClamdReach::Skips,
            _ => ClamdReach::Takes,
        })
    }

    async fn probe(&self, mark: &[u8], octets: u64) -> Result<String, String> {
        let asked = async {
            let _permit = self.free.acquire().await.map_err(|_| "it is shut down".to_owned())?;
            let mut stream = self.connect().await?;
            let zeros = vec![0; CHUNK_BYTES];
            let mut left = octets.saturating_sub(mark.len() as u64);
            let padding = std::iter::from_fn(|| {
                let length = left.min(CHUNK_BYTES as u64);
                left -= length;
                zeros.get(..usize::try_from(length).ok()?).filter(|chunk| !chunk.is_empty())
            });
            self.stream(&mut stream, mark.chunks(CHUNK_BYTES).chain(padding)).await
        };
        match timeout(self.limits.total_time_max, asked).await {
            Ok(answer) => answer,
            Err(_) => {
                Err(format!("no answer within {} s", self.limits.total_time_max.as_secs_f32()))
            }
        }
    }
}
