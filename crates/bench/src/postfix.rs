//! Debian's Postfix beside us: an instance of its own, on a high port, in a folder of its own.
//!
//! May touch: its folder and the processes that it starts; never `/etc/postfix`, never port 25.
//! Needs root, as Postfix' master does. Dropped, it is stopped and gone.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Result;

const PROGRAM: &str = "/usr/sbin/postfix";

/// Longest wait for it to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// Debian's services, without chroot, as everything lives in one folder.
const SERVICES: &str = "\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";

/// A Postfix.
pub(crate) struct Postfix {
    folder: TempDir,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Postfix {
    /// One that relays everything from loopback to `next_hop`; content is looked at by the milter,
    /// where one is given. As Debian installs it, but for two settings in its favour: no DNS, and
    /// no brake on a sender that is faster than delivery (`in_flow_delay`).
    pub(crate) fn relaying(
        place: &Path,
        next_hop: SocketAddr,
        milter: Option<SocketAddr>,
    ) -> Result<Self> {
        if !Path::new(PROGRAM).exists() {
            return Err("Postfix is not installed; next: apt-get install postfix".into());
        }
        if !rustix::process::geteuid().is_root() {
            return Err("Postfix' master needs root".into());
        }
        let folder = tempfile::Builder::new().prefix("posthouse-bench-").tempdir_in(place)?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let postfix = Self { folder, address };
        for name in ["conf", "spool", "data"] {
            fs::create_dir(postfix.path(name))?;
        }
        chown(postfix.path("data"), Some(id_of("postfix")?), None)?;
        let root = postfix.folder.path().display();
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {root}/spool\n\
             data_directory = {root}/data\ncommand_directory = /usr/sbin\n\
             daemon_directory = /usr/lib/postfix/sbin\nmail_owner = postfix\n\
             setgid_group = postdrop\nmaillog_file = {root}/log\nmaillog_file_prefixes = {root}\n\
             myhostname = gw.example.net\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\n\
             mynetworks = 127.0.0.0/8\nmydestination =\nalias_maps =\n\
             smtp_dns_support_level = disabled\nsmtp_host_lookup = native\n\
             smtpd_peername_lookup = no\nin_flow_delay = 0\n\
             relayhost = [{}]:{}\n{}",
            next_hop.ip(),
            next_hop.port(),
            milter.map_or(String::new(), |milter| format!(
                "smtpd_milters = inet:{milter}\nmilter_default_action = tempfail\n"
            ))
        );
        fs::write(postfix.path("conf/main.cf"), main)?;
        let master = format!("127.0.0.1:{} inet n - n - - smtpd\n{SERVICES}", address.port());
        fs::write(postfix.path("conf/master.cf"), master)?;
        let started = postfix.control("start")?;
        if !started.status.success() {
            return Err(String::from_utf8_lossy(&started.stderr).into_owned().into());
        }
        let give_up = Instant::now() + PATIENCE;
        while TcpStream::connect(postfix.address).is_err() {
            if Instant::now() > give_up {
                return Err(format!("Postfix does not listen: {}", postfix.log()).into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(postfix)
    }

    /// The number of its master's process.
    pub(crate) fn master(&self) -> Result<u32> {
        Ok(fs::read_to_string(self.path("spool/pid/master.pid"))?.trim().parse()?)
    }

    /// Its version.
    pub(crate) fn version() -> String {
        let output = Command::new("/usr/sbin/postconf").args(["-d", "-h", "mail_version"]).output();
        let said = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        said.unwrap_or_default()
    }

    fn control(&self, verb: &str) -> Result<Output> {
        Ok(Command::new(PROGRAM).arg("-c").arg(self.path("conf")).arg(verb).output()?)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // Its folder goes away with it, whatever it answers.
        let _ = self.control("abort");
    }
}

fn id_of(user: &str) -> Result<u32> {
    let users = fs::read_to_string("/etc/passwd")?;
    let line = users.lines().find(|line| line.starts_with(&format!("{user}:")));
    let id = line.and_then(|line| line.split(':').nth(2)).ok_or("Postfix has no user")?;
    Ok(id.parse()?)
}
