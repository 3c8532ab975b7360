//! Configuration: flags and environment, read once at the start and refused there with one clear line when wrong.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::platform::ids::Ids;
use crate::platform::keys::{KeyError, Keys};

/// What the operator decided. Built by `main.rs` from flags and environment; tests start from [`Config::loopback`].
#[derive(Clone, Debug)]
pub struct Config {
    /// Holds the embedded database, the key file of a sandbox, and mail that no server takes.
    pub data: PathBuf,
    /// `postgres://…`; `None`: the embedded database in `data`.
    pub database_url: Option<String>,
    pub listen: SocketAddr,
    /// Scheme and host customers reach the portal by, without a trailing slash: links in mails are built from it, never from a request.
    pub public_url: String,
    /// Where the sandbox payment gateway's pages are listened for, and the scheme and host browsers reach them by: an origin other than the
    /// portal's, without a trailing slash.
    pub sandbox_listen: SocketAddr,
    pub sandbox_url: String,
    /// `smtp://…` or `smtps://…`; `None`: mails become files in `data`.
    pub smtp_url: Option<String>,
    /// Who may say by `X-Forwarded-For` whom they speak for.
    pub trusted_proxies: Vec<IpAddr>,
    pub keys: Keys,
    /// True where the keys lie in `data` because none were given: good enough for sandboxes only.
    pub is_key_from_file: bool,
    pub password_cost: PasswordCost,
    /// Calls an API key may make a minute, of each instance.
    pub api_calls_a_minute: u32,
}

/// Calls an API key may make a minute, unless the operator says otherwise: with batches of a thousand, a hundred thousand usage events a second.
pub const API_CALLS_A_MINUTE: u32 = 6_000;

/// What one password hash costs (argon2id, one lane).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    pub memory_kib: u32,
    pub passes: u32,
}

impl Default for PasswordCost {
    /// 19 MiB and 2 passes: 24 ms of one core.
    fn default() -> PasswordCost {
        PasswordCost { memory_kib: 19_456, passes: 2 }
    }
}

impl PasswordCost {
    /// The cheapest argon2 allows: for tests and simulation, never in a running portal.
    pub const LEAST: PasswordCost = PasswordCost { memory_kib: 8, passes: 1 };
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("PORTICO_PUBLIC_URL must be a scheme and a host, such as https://billing.example.com, without a path")]
    PublicUrl,
    #[error("PORTICO_PUBLIC_URL is {0}: without https only localhost is served; put a TLS proxy in front and give its https address")]
    PlainHttp(String),
    #[error("--listen {0} is reachable from outside, but PORTICO_PUBLIC_URL is not https: without https only loopback is served")]
    OpenListen(SocketAddr),
    #[error(
        "PORTICO_KEY is missing: {0} is not a sandbox on this machine, so its secrets need a key kept outside the data folder (make one with: openssl rand -base64 32)"
    )]
    KeyMissing(String),
    #[error("PORTICO_TRUSTED_PROXIES must be IP addresses separated by commas; {0:?} is none")]
    TrustedProxies(String),
    #[error("PORTICO_SANDBOX_URL must be a scheme and a host without a path, and not the portal's own: {0} is not")]
    SandboxUrl(String),
    #[error(
        "PORTICO_SANDBOX_URL {0} has the portal's own host name: browsers send its cookies there whatever the port; give the test payment page another, such as 127.0.0.1 beside localhost"
    )]
    SandboxHost(String),
    #[error("--sandbox-listen {0} is reachable from outside, but PORTICO_SANDBOX_URL is not https: without https only loopback is served")]
    OpenSandbox(SocketAddr),
    #[error("PORTICO_SMTP_URL must begin with smtp:// or smtps://")]
    SmtpUrl,
    #[error("{0}: {1}")]
    KeyFile(PathBuf, KeyError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
}

impl Config {
    /// A sandbox on this machine with a key nobody keeps: what tests and simulation run on.
    pub fn loopback(data: PathBuf) -> Config {
        let (keys, _) = Keys::generate(&Ids::system());
        Config {
            data,
            database_url: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            public_url: "http://localhost:3000".to_owned(),
            sandbox_listen: SocketAddr::from(([127, 0, 0, 1], 3001)),
            sandbox_url: "http://127.0.0.1:3001".to_owned(),
            smtp_url: None,
            trusted_proxies: Vec::new(),
            keys,
            is_key_from_file: true,
            password_cost: PasswordCost::LEAST,
            api_calls_a_minute: API_CALLS_A_MINUTE,
        }
    }

    pub fn database_url(&self) -> String {
        self.database_url.clone().unwrap_or_else(|| format!("sqlite:{}", self.data.join("portico.db").display()))
    }

    /// True where customers come by https: cookies and pages then insist on it.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// True where the portal is this machine's alone.
    pub fn is_loopback(&self) -> bool {
        is_loopback_url(&self.public_url)
    }

    /// What may be meant so, and probably is not.
    pub fn warning(&self) -> Option<&'static str> {
        let is_behind_a_proxy = self.is_https() && self.listen.ip().is_loopback();
        (is_behind_a_proxy && self.trusted_proxies.is_empty()).then_some(
            "customers come by https, so through a proxy on this machine, but PORTICO_TRUSTED_PROXIES is empty: everybody seems to come from one address, \
             and one person's failed sign-ins delay all others'; set it to the proxy's address, such as 127.0.0.1",
        )
    }

    /// Refuses what would serve secrets in the open.
    pub fn check(&self) -> Result<(), ConfigError> {
        let rest = self.public_url.strip_prefix("https://").or_else(|| self.public_url.strip_prefix("http://")).ok_or(ConfigError::PublicUrl)?;
        if rest.is_empty() || rest.contains(['/', '?', '#', '@', ' ', '\\']) {
            return Err(ConfigError::PublicUrl);
        }
        if !self.is_https() && !self.is_loopback() {
            return Err(ConfigError::PlainHttp(self.public_url.clone()));
        }
        if !self.is_https() && !self.listen.ip().is_loopback() {
            return Err(ConfigError::OpenListen(self.listen));
        }
        let sandbox_host = self.sandbox_url.strip_prefix("https://").or_else(|| self.sandbox_url.strip_prefix("http://")).unwrap_or_default();
        if sandbox_host.is_empty() || sandbox_host.contains(['/', '?', '#', '@', ' ', '\\', ';', '\'']) || self.sandbox_url == self.public_url {
            return Err(ConfigError::SandboxUrl(self.sandbox_url.clone()));
        }
        if host_name(&self.sandbox_url).eq_ignore_ascii_case(host_name(&self.public_url)) {
            return Err(ConfigError::SandboxHost(self.sandbox_url.clone()));
        }
        if !self.sandbox_url.starts_with("https://") && !self.sandbox_listen.ip().is_loopback() {
            return Err(ConfigError::OpenSandbox(self.sandbox_listen));
        }
        match &self.smtp_url {
            Some(url) if !url.starts_with("smtp://") && !url.starts_with("smtps://") => Err(ConfigError::SmtpUrl),
            _ => Ok(()),
        }
    }
}

/// Where browsers reach the test payment page unless it is said: on this machine, by a name that is not the portal's.
pub fn sandbox_url(listen: SocketAddr, public_url: &str) -> String {
    let is_portals = listen.ip().to_string() == host_name(public_url);
    if is_portals { format!("http://localhost:{}", listen.port()) } else { format!("http://{listen}") }
}

/// The keys: `PORTICO_KEY` where given, else the sandbox's key file in `data`, made when absent.
pub fn keys(given: Option<&str>, data: &Path, public_url: &str) -> Result<(Keys, bool), ConfigError> {
    if let Some(text) = given {
        return Ok((Keys::parse(text)?, false));
    }
    if !is_loopback_url(public_url) {
        return Err(ConfigError::KeyMissing(public_url.to_owned()));
    }
    let path = data.join("portico.key");
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok((Keys::parse(text.trim()).map_err(|error| ConfigError::KeyFile(path, error))?, true)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let (keys, text) = Keys::generate(&Ids::system());
            write_private(&path, &text).map_err(|error| ConfigError::Io(path, error))?;
            Ok((keys, true))
        }
        Err(error) => Err(ConfigError::Io(path, error)),
    }
}

/// Reads `10.0.0.1,::1`.
pub fn trusted_proxies(text: &str) -> Result<Vec<IpAddr>, ConfigError> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().map(|ip: IpAddr| ip.to_canonical()).map_err(|_| ConfigError::TrustedProxies(part.to_owned())))
        .collect()
}

/// `billing.example.com` of `https://billing.example.com:8443`; without the brackets of an IPv6 address.
fn host_name(url: &str) -> &str {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    if let Some(v6) = host.strip_prefix('[') { v6.split(']').next().unwrap_or_default() } else { host.split([':', '/']).next().unwrap_or_default() }
}

fn is_loopback_url(url: &str) -> bool {
    let name = host_name(url);
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Makes the data folder where there is none, for this user alone; one that is there stays as its owner made it.
pub fn make_private_folder(path: &Path) -> Result<(), ConfigError> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| ConfigError::Io(path.to_owned(), error))
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_this_machine_is_served() {
        let at = |public_url: &str, listen: &str| {
            let sandbox_url = sandbox_url(SocketAddr::from(([127, 0, 0, 1], 3001)), public_url);
            Config { public_url: public_url.to_owned(), listen: listen.parse().unwrap(), sandbox_url, ..Config::loopback(PathBuf::new()) }.check()
        };
        for (public_url, listen, is_served) in [
            ("http://localhost:3000", "127.0.0.1:3000", true),
            ("http://127.0.0.1:3000", "127.0.0.1:3000", true),
            ("http://[::1]:3000", "[::1]:3000", true),
            ("https://billing.example.com", "0.0.0.0:3000", true),
            ("http://billing.example.com", "127.0.0.1:3000", false),
            ("http://localhost.example.com", "127.0.0.1:3000", false),
            ("http://localhost:3000", "0.0.0.0:3000", false),
            ("https://billing.example.com/portal", "127.0.0.1:3000", false),
            ("ftp://localhost", "127.0.0.1:3000", false),
            ("https://", "127.0.0.1:3000", false),
        ] {
            assert_eq!(at(public_url, listen).is_ok(), is_served, "{public_url} at {listen}");
        }
    }

    #[test]
    fn the_test_payment_page_stands_on_another_host_and_not_in_the_open() {
        let at = |public_url: &str, sandbox_url: &str, sandbox_listen: &str| {
            Config {
                public_url: public_url.to_owned(),
                sandbox_url: sandbox_url.to_owned(),
                sandbox_listen: sandbox_listen.parse().unwrap(),
                ..Config::loopback(PathBuf::new())
            }
            .check()
        };
        let inside = "127.0.0.1:3001";
        for (public_url, sandbox_url, listen, is_served) in [
            ("http://localhost:3000", "http://127.0.0.1:3001", inside, true),
            ("http://127.0.0.1:3000", "http://localhost:3001", inside, true),
            ("http://localhost:3000", "http://localhost:3001", inside, false),
            ("http://localhost:3000", "http://LOCALHOST:3001", inside, false),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3001", inside, false),
            ("http://[::1]:3000", "http://[::1]:3001", inside, false),
            ("https://billing.example.com", "https://billing.example.com:8443", inside, false),
            ("https://billing.example.com", "https://pay.example.com", "0.0.0.0:3001", true),
            ("http://localhost:3000", "http://127.0.0.1:3001", "0.0.0.0:3001", false),
        ] {
            assert_eq!(at(public_url, sandbox_url, listen).is_ok(), is_served, "{sandbox_url} beside {public_url} at {listen}");
        }
        for public_url in ["http://localhost:3000", "http://127.0.0.1:3000", "http://[::1]:3000"] {
            assert!(at(public_url, &sandbox_url(inside.parse().unwrap(), public_url), inside).is_ok(), "{public_url} without being told");
        }
    }

    #[test]
    fn a_proxy_nobody_named_is_warned_of() {
        let warns = |public_url: &str, listen: &str, proxies: &str| {
            Config {
                public_url: public_url.to_owned(),
                listen: listen.parse().unwrap(),
                trusted_proxies: trusted_proxies(proxies).unwrap(),
                ..Config::loopback(PathBuf::new())
            }
            .warning()
            .is_some()
        };
        assert!(warns("https://billing.example.com", "127.0.0.1:3000", ""));
        assert!(!warns("https://billing.example.com", "127.0.0.1:3000", "127.0.0.1"));
        assert!(!warns("http://localhost:3000", "127.0.0.1:3000", ""));
        assert_eq!(trusted_proxies("::ffff:10.0.0.1").unwrap(), trusted_proxies("10.0.0.1").unwrap());
    }

    #[test]
    fn a_data_folder_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let above = std::env::temp_dir().join(format!("portico-folder-{}", uuid::Uuid::now_v7()));
        let data = above.join("data");
        make_private_folder(&data).unwrap();
        make_private_folder(&data).unwrap();
        assert_eq!(std::fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::remove_dir_all(above).unwrap();
    }

    #[test]
    fn a_sandbox_makes_its_key_once_and_production_must_bring_one() {
        let data = std::env::temp_dir().join(format!("portico-keys-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir_all(&data).unwrap();
        let (first, _) = keys(None, &data, "http://localhost:3000").unwrap();
        let (again, _) = keys(None, &data, "http://localhost:3000").unwrap();
        assert_eq!(format!("{first:?}"), format!("{again:?}"));
        assert!(matches!(keys(None, &data, "https://billing.example.com"), Err(ConfigError::KeyMissing(_))));
        std::fs::remove_dir_all(data).unwrap();
    }
}
