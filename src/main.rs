//! The one binary: reads flags and environment, and does what was asked.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use portico::app::App;
use portico::bench;
use portico::identity::people;
use portico::platform::assets::Assets;
use portico::platform::clock::Clock;
use portico::platform::config::{self, Config, PasswordCost};
use portico::platform::db::Db;
use portico::platform::ids::Ids;
use portico::platform::post::Post;
use portico::server::Patience;
use portico::services::api_keys::{self, Scopes};
use portico::services::embed_origins;
use portico::services::vendors::{self, Vendor};
use portico::services::{Actor, Desk};
use portico::simulate::Failed;
use portico::worker;

/// A page is a thousand small strings: the system's allocator took a third of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A self-hosted billing portal with its billing engine.
#[derive(Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    /// Folder of the embedded database, keys and undelivered mail.
    #[arg(long, global = true, env = "PORTICO_DATA", default_value = "data")]
    data: PathBuf,
    /// postgres://… to use Postgres instead of the embedded database.
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// 32 bytes in base64 that secrets at rest are sealed with; several separated by commas, the newest first. A sandbox makes its own.
    #[arg(long, global = true, env = "PORTICO_KEY", hide_env_values = true)]
    key: Option<String>,
    /// smtp://user:password@host:port or smtps://… to send mail. Without it, mails become files in the data folder.
    #[arg(long, global = true, env = "PORTICO_SMTP_URL", hide_env_values = true)]
    smtp_url: Option<String>,
    /// IP addresses of the proxies in front, separated by commas: only they may say whom they speak for.
    #[arg(long, global = true, env = "PORTICO_TRUSTED_PROXIES")]
    trusted_proxies: Option<String>,
    /// Scheme and host customers use, for links in mails. Default: http://localhost and the port listened on.
    #[arg(long, global = true, env = "PORTICO_PUBLIC_URL")]
    public_url: Option<String>,
    /// Calls an API key may make a minute, of each instance.
    #[arg(long, global = true, env = "PORTICO_API_CALLS_A_MINUTE", default_value_t = config::API_CALLS_A_MINUTE)]
    api_calls_a_minute: u32,
    /// What is logged, to standard error: a level, or levels by part (tracing's filter syntax).
    #[arg(long, global = true, env = "PORTICO_LOG", default_value = "warn,portico=info")]
    log: String,
    /// How a line of the log is written: for people, or as JSON for a collector.
    #[arg(long, global = true, env = "PORTICO_LOG_FORMAT", value_enum, default_value = "text")]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the portal.
    Serve {
        /// Address to listen on.
        #[arg(long, env = "PORTICO_LISTEN", default_value = "127.0.0.1:3000")]
        listen: SocketAddr,
        /// Address of the test payment page, for sandbox vendors. Default: 127.0.0.1 and the port after the portal's.
        #[arg(long, env = "PORTICO_SANDBOX_LISTEN")]
        sandbox_listen: Option<SocketAddr>,
        /// Scheme and host customers' browsers reach the test payment page by; must not be the portal's. Default: http and the address listened on.
        #[arg(long, env = "PORTICO_SANDBOX_URL")]
        sandbox_url: Option<String>,
    },
    /// Bring the database's schema up to this version.
    Migrate,
    /// Bill once what is due by now, and take the money. `serve` does so all the time.
    Bill,
    /// Measure this program on its own demo, in a temporary folder.
    Bench {
        /// As JSON instead of a table.
        #[arg(long)]
        json: bool,
        /// postgres://… of an empty database, to measure on it too.
        #[arg(long)]
        postgres: Option<String>,
    },
    /// Add a vendor and invite the first of its staff.
    Init(Box<Init>),
    /// Fill an empty database with the demo, and print how to sign in.
    Demo {
        /// As JSON: {"sign_ins": [{"email", "password", "customer", "state"}]}.
        #[arg(long)]
        json: bool,
    },
    /// Print a code of a sandbox's person that was not used before, waiting for the next one if it must.
    Totp {
        /// Whose: the e-mail address they sign in with.
        email: String,
    },
    /// Keys of the vendor's programs for the API: make, list, replace, shut off.
    ApiKey {
        /// Whose, by name or id. Default: the only vendor.
        #[arg(long)]
        vendor: Option<String>,
        #[command(subcommand)]
        what: ApiKeyCommand,
    },
    /// Whose pages may hold the portal in a frame (the widget): add, list, take off.
    EmbedOrigin {
        /// Whose list, by name or id. Default: the only vendor's.
        #[arg(long)]
        vendor: Option<String>,
        #[command(subcommand)]
        what: EmbedOriginCommand,
    },
    /// Run a billing story on a fresh temporary database and print what comes of it as JSON. --database-url runs it on that Postgres
    /// server, in a schema of its own; DATABASE_URL is not used.
    Simulate {
        /// The story as JSON; - reads standard input.
        file: PathBuf,
    },
}

#[derive(Subcommand)]
enum ApiKeyCommand {
    /// Make a key and print it: the only time it is shown.
    Create {
        /// What will use it.
        #[arg(long)]
        name: String,
        /// What it may do, by commas, such as customers:read,usage:write; * for everything.
        #[arg(long)]
        scopes: String,
    },
    /// List the keys, ended ones too.
    List,
    /// Make a key in the place of another and print it. The old one goes on for a while, so that every program can be given the new one.
    Rotate {
        id: String,
        /// How long the old one goes on.
        #[arg(long, default_value_t = 24)]
        hours: u32,
    },
    /// Shut a key off at once.
    Revoke { id: String },
}

#[derive(Subcommand)]
enum EmbedOriginCommand {
    /// Put an origin on the list, such as https://app.example.com.
    Add { origin: String },
    /// List them.
    List,
    /// Take one off: the frames open in its pages get nothing more.
    Remove { origin: String },
}

#[derive(clap::Args)]
struct Init {
    /// Name customers know the vendor by.
    #[arg(long)]
    name: String,
    /// Name on invoices. Default: the name.
    #[arg(long)]
    legal_name: Option<String>,
    #[arg(long)]
    address: String,
    #[arg(long)]
    postal_code: String,
    #[arg(long)]
    city: String,
    /// ISO 3166-1 alpha-2, such as AT.
    #[arg(long)]
    country: String,
    #[arg(long)]
    tax_id: Option<String>,
    /// ISO 4217, of new customers.
    #[arg(long, default_value = "EUR")]
    currency: String,
    /// IANA zone of new customers.
    #[arg(long, default_value = "UTC")]
    time_zone: String,
    /// Host name the vendor's portal is reached by; without one it answers on loopback.
    #[arg(long)]
    host: Option<String>,
    /// Address that letters come from and answers go to.
    #[arg(long)]
    support_email: String,
    /// Accent of the vendor's pages, #rrggbb.
    #[arg(long, default_value = "#06637a")]
    colour: String,
    /// Test payments only, everything marked, and a clock that may be set.
    #[arg(long)]
    sandbox: bool,
    /// Who is invited as the first of the vendor's staff.
    #[arg(long)]
    admin_email: String,
    #[arg(long, default_value = "Administrator")]
    admin_name: String,
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let matches = Cli::command().get_matches();
    // What runs a simulation must be asked for: a database that happens to be configured here is somebody's.
    let asked_for = matches.value_source("database_url") == Some(ValueSource::CommandLine);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    if let Command::Simulate { file } = &cli.command {
        return simulate(file, cli.database_url.as_deref().filter(|_| asked_for)).await;
    }
    match run(cli).await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("portico: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// Everything said by `tracing` goes to standard error, where what runs the program keeps it.
fn begin_log(filter: &str, format: LogFormat) -> Result<(), String> {
    let filter = tracing_subscriber::EnvFilter::try_new(filter).map_err(|error| format!("--log {filter}: {error}"))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}

async fn run(cli: Cli) -> Result<(), Box<dyn std::error::Error>> {
    begin_log(&cli.log, cli.log_format)?;
    if let Command::Bench { json, postgres } = &cli.command {
        let figures = bench::run(postgres.as_deref(), |what| eprintln!("bench: {what}")).await.map_err(|error| error.to_string())?;
        if *json {
            println!("{}", serde_json::to_string_pretty(&figures)?);
        } else {
            figures.iter().for_each(|figure| println!("{figure}"));
        }
        return Ok(());
    }
    let (listen, sandbox_listen, sandbox_url) = match &cli.command {
        Command::Serve { listen, sandbox_listen, sandbox_url } => (*listen, *sandbox_listen, sandbox_url.clone()),
        _ => (SocketAddr::from(([127, 0, 0, 1], 3000)), None, None),
    };
    let next_port = SocketAddr::from(([127, 0, 0, 1], listen.port().checked_add(1).unwrap_or(1024)));
    let public_url = cli.public_url.map(|url| url.trim_end_matches('/').to_owned()).unwrap_or_else(|| format!("http://localhost:{}", listen.port()));
    config::make_private_folder(&cli.data)?;
    let default_sandbox_url = config::sandbox_url(sandbox_listen.unwrap_or(next_port), &public_url);
    let (keys, is_key_from_file) = config::keys(cli.key.as_deref(), &cli.data, &public_url)?;
    let mut config = Config {
        data: cli.data,
        database_url: cli.database_url,
        listen,
        public_url,
        sandbox_listen: sandbox_listen.unwrap_or(next_port),
        sandbox_url: sandbox_url.clone().unwrap_or(default_sandbox_url),
        smtp_url: cli.smtp_url,
        trusted_proxies: config::trusted_proxies(cli.trusted_proxies.as_deref().unwrap_or_default())?,
        keys,
        is_key_from_file,
        password_cost: PasswordCost::default(),
        api_calls_a_minute: cli.api_calls_a_minute,
    };
    config.check()?;
    let db = Db::open(&config.database_url()).await?;
    db.migrate().await?;
    match cli.command {
        Command::Migrate | Command::Bench { .. } | Command::Simulate { .. } => Ok(()),
        Command::Bill => {
            let app = App::new(config, db, Clock::System, Ids::system(), Assets::load()).await?;
            let report = portico::worker::bill::bill_all(&app).await?;
            println!("{} documents issued, {} payments tried", report.issued, report.tried);
            match report.failed.first() {
                None => Ok(()),
                Some((customer, refusal)) => Err(format!("{} customers could not be billed; the first, {customer}: {refusal}", report.failed.len()).into()),
            }
        }
        Command::Init(new) => init(config, db, *new).await,
        Command::Demo { json } => demo(config, db, json).await,
        Command::ApiKey { vendor, what } => api_key(config, db, vendor.as_deref(), what).await,
        Command::EmbedOrigin { vendor, what } => embed_origin(config, db, vendor.as_deref(), what).await,
        Command::Totp { email } => totp(config, db, &email).await,
        Command::Serve { .. } => {
            let listener = tokio::net::TcpListener::bind(config.listen).await?;
            let sandbox = sandbox_listener(&mut config, sandbox_listen.is_some(), sandbox_url.is_some()).await?;
            let app = App::new(config.clone(), db, Clock::System, Ids::system(), Assets::load()).await?;
            let has_sandbox = app.vendors().iter().any(|vendor| vendor.is_test);
            if sandbox_listen.is_some() && !has_sandbox {
                return Err("--sandbox-listen: there is no sandbox vendor here, and the test payment page serves no other".into());
            }
            if let Some(vendor) = app.vendors().iter().find(|vendor| !vendor.is_test && config.is_key_from_file) {
                return Err(config::ConfigError::KeyMissing(vendor.name.clone()).into());
            }
            if let Some(warning) = config.warning() {
                eprintln!("portico: {warning}");
            }
            let post = Post::of(&config)?;
            println!("Portico serves {}; mail goes {}", config.public_url, post.describe());
            // What they are in the middle of is finished first.
            let workers = tokio::spawn(futures_util::future::join3(
                worker::deliver::run(app.clone(), post, stop_signal()),
                worker::bill::run(app.clone(), stop_signal()),
                worker::purge::run(app.clone(), stop_signal()),
            ));
            let portal = portico::server::serve(app.clone(), listener, Patience::default(), stop_signal());
            if has_sandbox {
                println!("The test payment page is at {}", config.sandbox_url);
                tokio::join!(portal, portico::server::serve_sandbox(app, sandbox, Patience::default(), stop_signal()));
            } else {
                drop(sandbox);
                portal.await;
            }
            workers.await?;
            Ok(())
        }
    }
}

/// Adds a vendor, and invites its first staff by mail and by a link printed here.
async fn init(config: Config, db: Db, new: Init) -> Result<(), Box<dyn std::error::Error>> {
    if !new.sandbox && config.is_key_from_file {
        return Err(config::ConfigError::KeyMissing(new.name).into());
    }
    if new.time_zone.parse::<chrono_tz::Tz>().is_err() {
        return Err(format!("--time-zone {} is no IANA time zone", new.time_zone).into());
    }
    if !(new.colour.len() == 7 && new.colour.starts_with('#') && new.colour[1..].bytes().all(|b| b.is_ascii_hexdigit())) {
        return Err(format!("--colour {} is not of the form #rrggbb", new.colour).into());
    }
    if !(new.country.len() == 2 && new.country.bytes().all(|b| b.is_ascii_uppercase())) {
        return Err(format!("--country {} is not a country's two capital letters", new.country).into());
    }
    let currency = billing::money::Currency::from_code(&new.currency).map_err(|error| format!("--currency: {error}"))?;
    let app = App::new(config, db, Clock::System, Ids::system(), Assets::load()).await?;
    if app.vendors().iter().any(|vendor| vendor.host == new.host) {
        return Err("a vendor answers there already; give this one a --host of its own".into());
    }
    let now_ms = app.clock.wall().timestamp_millis();
    let id = app.ids.next("ven", now_ms);
    let vendor = Vendor {
        id: id.clone(),
        host: new.host,
        legal_name: new.legal_name.unwrap_or_else(|| new.name.clone()),
        name: new.name,
        address_line1: new.address,
        address_line2: None,
        postal_code: new.postal_code,
        city: new.city,
        country: new.country,
        tax_id: new.tax_id,
        support_email: new.support_email,
        currency: currency.code().to_owned(),
        time_zone: new.time_zone,
        locale: "en".to_owned(),
        proration_by: "second".to_owned(),
        proration_rounding: "half_up".to_owned(),
        prices_include_tax: false,
        usage_grace_seconds: 0,
        payment_terms_days: 14,
        is_test: new.sandbox,
        clock_at: None,
        brand_colour: new.colour,
        brand_mark: None,
        created_at: now_ms,
    };
    vendors::create(&app.db, &vendor).await?;
    app.reload_vendors().await?;
    let mut desk = Desk::write(&app, &Arc::new(vendor), Actor::System).await?;
    let invited = people::invite_staff(&mut desk, &new.admin_email, &new.admin_name, "admin").await?;
    desk.commit().await?;
    println!("{id}");
    if let Some(token) = invited.token {
        println!("{}/invitation?token={token}", app.config.public_url);
    }
    Ok(())
}

async fn demo(config: Config, db: Db, is_json: bool) -> Result<(), Box<dyn std::error::Error>> {
    let app = App::new(config, db, Clock::System, Ids::system(), Assets::load()).await?;
    let sign_ins = portico::demo::fill(&app).await?;
    if is_json {
        println!("{}", serde_json::to_string(&sign_ins)?);
    } else {
        println!("{}", sign_ins.table());
    }
    Ok(())
}

async fn api_key(config: Config, db: Db, vendor: Option<&str>, what: ApiKeyCommand) -> Result<(), Box<dyn std::error::Error>> {
    let app = App::new(config, db, Clock::System, Ids::system(), Assets::load()).await?;
    let mut desk = Desk::write(&app, &vendor_named(&app, vendor)?, Actor::System).await?;
    match what {
        ApiKeyCommand::Create { name, scopes } => println!("{}", api_keys::create(&mut desk, &name, &Scopes::parse(&scopes)?).await?.secret),
        ApiKeyCommand::Rotate { id, hours } => {
            let ends_at = desk.now.wall + chrono::TimeDelta::hours(hours.into());
            println!("{}", api_keys::rotate(&mut desk, &id, ends_at).await?.secret);
        }
        ApiKeyCommand::Revoke { id } => api_keys::revoke(&mut desk, &id).await?,
        ApiKeyCommand::List => {
            let now = desk.now.wall;
            for key in api_keys::list(&mut desk).await? {
                let day = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
                let standing = match key.ends_at {
                    None => "valid".to_owned(),
                    Some(end) if end <= now => format!("ended {}", day(end)),
                    Some(end) => format!("ends {}", day(end)),
                };
                let used = key.last_used_at.map_or_else(|| "never used".to_owned(), |at| format!("used {}", day(at)));
                println!("{}  {}  {}  {standing}, {used}  {}", key.id, key.hint, key.name, key.scopes);
            }
        }
    }
    desk.commit().await?;
    Ok(())
}

async fn embed_origin(config: Config, db: Db, vendor: Option<&str>, what: EmbedOriginCommand) -> Result<(), Box<dyn std::error::Error>> {
    let app = App::new(config, db, Clock::System, Ids::system(), Assets::load()).await?;
    let vendor = vendor_named(&app, vendor)?;
    let mut desk = Desk::write(&app, &vendor, Actor::System).await?;
    match what {
        EmbedOriginCommand::Add { origin } => println!("{}", embed_origins::add(&mut desk, &origin).await?),
        EmbedOriginCommand::Remove { origin } => embed_origins::remove(&mut desk, &origin).await?,
        EmbedOriginCommand::List => embed_origins::all(&app.db, &vendor.id).await?.iter().for_each(|origin| println!("{origin}")),
    }
    desk.commit().await?;
    Ok(())
}

/// The vendor that `--vendor` names, or the only one.
fn vendor_named(app: &App, named: Option<&str>) -> Result<Arc<Vendor>, String> {
    let vendors = app.vendors();
    match (named, vendors.as_slice()) {
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err("there is no vendor yet; make one with portico init".to_owned()),
        (None, _) => Err(format!("say whose by --vendor: {}", vendors.iter().map(|vendor| vendor.name.as_str()).collect::<Vec<_>>().join(", "))),
        (Some(named), _) => vendors.iter().find(|vendor| vendor.id == named || vendor.name == named).cloned().ok_or_else(|| format!("there is no vendor {named}")),
    }
}

async fn totp(config: Config, db: Db, email: &str) -> Result<(), Box<dyn std::error::Error>> {
    let app = App::new(config, db, Clock::System, Ids::system(), Assets::load()).await?;
    let mut refusal = "There is no sandbox here.".to_owned();
    for vendor in app.vendors().iter().filter(|vendor| vendor.is_test) {
        loop {
            match people::demo_code(&app, vendor, email).await {
                Ok(Ok(code)) => {
                    println!("{code}");
                    return Ok(());
                }
                Ok(Err(from_second)) => {
                    let wait = u64::try_from(from_second - app.clock.wall().timestamp()).unwrap_or_default();
                    tokio::time::sleep(std::time::Duration::from_secs(wait.max(1))).await;
                }
                Err(refused) => {
                    refusal = refused.to_string();
                    break;
                }
            }
        }
    }
    Err(refusal.into())
}

/// Exit 2: the story cannot be read, in one line; 1: something broke.
async fn simulate(file: &std::path::Path, database_url: Option<&str>) -> std::process::ExitCode {
    let scenario = if file.as_os_str() == "-" { std::io::read_to_string(std::io::stdin()).map(String::into_bytes) } else { std::fs::read(file) };
    let scenario = match scenario {
        Ok(scenario) => scenario,
        Err(error) => {
            eprintln!("portico: {}: {error}", file.display());
            return std::process::ExitCode::from(2);
        }
    };
    // Only Postgres is a place to go to; SQLite is where a story runs anyway.
    let postgres_url = database_url.filter(|url| !url.starts_with("sqlite:"));
    match portico::simulate::simulate(&scenario, postgres_url, stop_signal()).await {
        Ok(output) => {
            println!("{}", serde_json::to_string_pretty(&output).expect("a result is plain data"));
            std::process::ExitCode::SUCCESS
        }
        Err(error @ Failed::Wrong(_)) => {
            eprintln!("portico: {error}");
            std::process::ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("portico: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

/// The port next to the portal's may be somebody else's: then any free one, unless the operator named it.
async fn sandbox_listener(config: &mut Config, is_port_given: bool, is_url_given: bool) -> std::io::Result<tokio::net::TcpListener> {
    match tokio::net::TcpListener::bind(config.sandbox_listen).await {
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && !is_port_given => {
            let listener = tokio::net::TcpListener::bind((config.sandbox_listen.ip(), 0)).await?;
            config.sandbox_listen = listener.local_addr()?;
            if !is_url_given {
                config.sandbox_url = config::sandbox_url(config.sandbox_listen, &config.public_url);
            }
            Ok(listener)
        }
        other => other,
    }
}

async fn stop_signal() {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).expect("signals can be listened for");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
