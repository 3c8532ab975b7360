//! The measured program: a server of its own process with the demo in a folder of its own, pinned to one core, ended and removed with
//! the value that stands for it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::Error;

#[derive(Clone, Debug, Deserialize)]
pub struct SignIn {
    pub email: String,
    pub password: String,
}

#[derive(Deserialize)]
struct Demo {
    sign_ins: Vec<SignIn>,
}

pub struct Subject {
    server: Child,
    pub address: SocketAddr,
    /// The healthy customer's.
    pub sign_in: SignIn,
    pub folder: PathBuf,
    pub database_url: Option<String>,
}

impl Subject {
    pub fn start(database_url: Option<&str>) -> Result<Subject, Error> {
        let folder = std::env::temp_dir().join(format!("portico-bench-{}-{}", std::process::id(), database_url.map_or("sqlite", |_| "postgres")));
        std::fs::create_dir_all(&folder)?;
        let demo: Demo = serde_json::from_slice(&output(command(&folder, database_url)?.args(["demo", "--json"]))?)?;
        let sign_in = demo.sign_ins.into_iter().next().ok_or("the demo has no sign-in")?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut server = one_core(command(&folder, database_url)?);
        // A load is what the limit on calls is there to stop.
        server.args(["--api-calls-a-minute", "1000000000", "serve", "--listen", &address.to_string()]).stdout(Stdio::null());
        let mut subject = Subject { server: server.spawn()?, address, sign_in, folder, database_url: database_url.map(str::to_owned) };
        subject.wait()?;
        Ok(subject)
    }

    fn wait(&mut self) -> Result<(), Error> {
        let began = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            if self.server.try_wait()?.is_some() || began.elapsed() > Duration::from_secs(30) {
                return Err("the measured server did not come up".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// A code of the healthy customer's authenticator.
    pub fn code(&self) -> Result<String, Error> {
        let code = output(command(&self.folder, self.database_url.as_deref())?.args(["totp", &self.sign_in.email]))?;
        Ok(String::from_utf8(code)?.trim().to_owned())
    }

    /// A key that may do everything at the API.
    pub fn api_key(&self) -> Result<String, Error> {
        let made = output(command(&self.folder, self.database_url.as_deref())?.args(["api-key", "create", "--name", "bench", "--scopes", "*"]))?;
        let made = String::from_utf8(made)?;
        Ok(made.split_whitespace().find(|word| word.starts_with("pk_")).ok_or("no key was made")?.to_owned())
    }

    /// Connects its vendor to an account at Stripe that nobody asks, whose notices are signed with that secret; the vendor's id.
    pub fn connect_stripe(&self, webhook_secret: &str) -> Result<String, Error> {
        let mut set = command(&self.folder, self.database_url.as_deref())?;
        set.args(["gateway", "set", "stripe", "--api-base", "http://127.0.0.1:9"]);
        set.env("STRIPE_SECRET_KEY", "sk_test_bench0123456789")
            .env("STRIPE_PUBLISHABLE_KEY", "pk_test_bench0123456789")
            .env("STRIPE_WEBHOOK_SECRET", webhook_secret);
        let shown = String::from_utf8(output(&mut set)?)?;
        let url = shown.lines().find_map(|line| line.strip_prefix("webhook-url = ")).ok_or("no address for notices is shown")?;
        Ok(url.rsplit('/').next().unwrap_or_default().to_owned())
    }

    /// Processor time the server has used so far, its own and the kernel's for it.
    pub fn cpu(&self) -> Result<Duration, Error> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.server.id()))?;
        // The name in brackets may hold anything; what follows it is numbers.
        let fields: Vec<&str> = stat.rsplit_once(')').ok_or("no name in /proc/PID/stat")?.1.split_whitespace().collect();
        let ticks = |index: usize| -> Result<u64, Error> { Ok(fields.get(index).ok_or("too few fields in /proc/PID/stat")?.parse()?) };
        // Ticks are hundredths of a second on every Linux.
        Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
    }

    pub fn memory_mb(&self) -> Result<f64, Error> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS in /proc/PID/status")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn command(folder: &Path, database_url: Option<&str>) -> Result<Command, Error> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--data").arg(folder).env_remove("DATABASE_URL").stdin(Stdio::null());
    if let Some(url) = database_url {
        command.env("DATABASE_URL", url);
    }
    Ok(command)
}

/// The same command kept on the first core, where `taskset` is there to do it; the load comes from the others.
fn one_core(plain: Command) -> Command {
    if Command::new("taskset").arg("--version").output().is_err() {
        return plain;
    }
    let mut pinned = Command::new("taskset");
    pinned.args(["-c", "0"]).arg(plain.get_program()).args(plain.get_args()).stdin(Stdio::null());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => pinned.env(name, value),
            None => pinned.env_remove(name),
        };
    }
    pinned
}

fn output(command: &mut Command) -> Result<Vec<u8>, Error> {
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{command:?} failed").into());
    }
    Ok(output.stdout)
}
