//! The command line: one file a subcommand, its flags and what it does. Here are the flags all have in common, and what most begin with:
//! the log, the configuration, the database brought up to date.

mod api_key;
mod awake;
mod backup;
pub mod bank;
mod bench;
mod bill;
mod check;
mod credit;
mod demo;
mod disputes;
mod dunning;
mod embed_origin;
mod gateway;
mod init;
mod ledger;
mod methods;
mod reconcile;
mod refund;
mod restore;
mod serve;
mod settings;
mod simulate;
mod test_clock;
mod totp;
mod write_off;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use portico::app::App;
use portico::platform::assets::Assets;
use portico::platform::backup::bring_up_to_date;
use portico::platform::clock::Clock;
use portico::platform::config::{self, Config, PasswordCost};
use portico::platform::db::Db;
use portico::platform::ids::Ids;
use portico::services::Refusal;
use portico::services::vendors::Vendor;
use portico::words::Words;

use api_key::ApiKey;
use bank::Bank;
use bench::Bench;
use credit::Credit;
use disputes::Disputes;
use dunning::Dunning;
use embed_origin::EmbedOrigin;
use gateway::Gateway;
use init::Init;
use ledger::Ledger;
use methods::Methods;
use reconcile::Reconcile;
use refund::Refund;
use serve::Serve;
use settings::Settings;
pub use simulate::simulate;
use test_clock::TestClock;
use write_off::WriteOff;

/// What a subcommand comes to; the error is what is said before it ends.
pub type Done = Result<(), Box<dyn std::error::Error>>;

/// A command about one vendor.
#[derive(clap::Args)]
pub struct AtVendor<What: clap::Subcommand> {
    /// Whose, by name or id. Default: the only vendor's.
    #[arg(long, global = true)]
    vendor: Option<String>,
    #[command(subcommand)]
    what: What,
}

/// A self-hosted billing portal with its billing engine.
#[derive(Parser)]
#[command(version, propagate_version = true)]
pub struct Cli {
    /// Folder of the embedded database, keys and undelivered mail.
    #[arg(long, global = true, env = "PORTICO_DATA", default_value = "data")]
    data: PathBuf,
    /// postgres://… to use Postgres instead of the embedded database.
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
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
    pub command: Command,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Subcommand)]
pub enum Command {
    /// Serve the portal.
    Serve(Serve),
    /// Bring the database's schema up to this version.
    Migrate,
    /// Bill once what is due by now, and take the money. `serve` does so all the time.
    Bill,
    /// A sandbox's time: show it, move it on, let it go.
    Clock(TestClock),
    /// Verify that everything in the database agrees: ledger, documents, payments, balances, usage. Ends with 0 where it does, and with 1 at
    /// the first thing that does not, naming it. Changes nothing.
    Check {
        /// As JSON: {"checked": {noun: number}, "broken": null or {"vendor_id", "table", "id", "what", "expected", "found"}}.
        #[arg(long)]
        json: bool,
    },
    /// Write all of the database into one file, as of one moment, while it goes on being used. The key that secrets in it are sealed with
    /// (PORTICO_KEY) is not in it: keep that elsewhere. A file that is there is not overwritten.
    Backup {
        /// The file. Default: one named by the time, in the data folder's backups.
        #[arg(long)]
        to: Option<PathBuf>,
    },
    /// Put a backup into an empty database, whichever engine it came from, and check it. A file that is damaged, cut off, or of a newer
    /// version is refused before anything is written.
    Restore {
        /// What portico backup wrote.
        file: PathBuf,
    },
    /// Give a customer credit, which pays the next invoices first.
    Credit(Credit),
    /// Give money back: of an invoice, by a credit note, never more than was paid; or of a top-up or credit pack, what is left of it.
    Refund(Refund),
    /// Ask for what is due of an invoice no more: it is a loss in the ledger. What comes of it after all still lands.
    WriteOff(WriteOff),
    /// The ledger of a vendor: written out, locked up to a day, unlocked again.
    Ledger(Ledger),
    /// Compare payments and refunds with the gateway's, both ways; mend what is certain and name the rest, each with its next step. Ends with 0
    /// where nothing is left to see to, else with 1. Serving does so once a day.
    Reconcile(Reconcile),
    /// Measure this program on its own demo, in a temporary folder.
    Bench(Bench),
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
    ApiKey(ApiKey),
    /// Bank transfers: the accounts customers send money to, statements of what came in, and what that pays.
    Bank(Bank),
    /// Whose pages may hold the portal in a frame (the widget): add, list, take off.
    EmbedOrigin(EmbedOrigin),
    /// Payments that banks took back: show them, and say what is done about them.
    Disputes(Disputes),
    /// The payment gateway of a vendor: connect its Stripe account, show it, let it go.
    Gateway(Gateway),
    /// Payments that fail: what is done about them, and what it brought.
    Dunning(Dunning),
    /// Which payment methods customers are offered, by country and currency.
    Methods(Methods),
    /// What customers may do by themselves in the portal, and how long ahead they are told of a renewal: show it, change it.
    Settings(Settings),
    /// Run a billing story on a fresh temporary database and print what comes of it as JSON. --database-url runs it on that Postgres
    /// server, in a schema of its own; DATABASE_URL is not used.
    Simulate {
        /// The story as JSON; - reads standard input.
        file: PathBuf,
    },
}

pub async fn run(cli: Cli) -> Done {
    if let Command::Bench(bench) = &cli.command {
        return bench.run().await;
    }
    // Before anything is opened or made: from a file that is not whole nothing comes.
    let whole = match &cli.command {
        Command::Restore { file } => Some(restore::whole(file)?),
        _ => None,
    };
    let serve = match &cli.command {
        Command::Serve(serve) => Some(serve.clone()),
        _ => None,
    };
    let listen = serve.as_ref().map_or(SocketAddr::from(([127, 0, 0, 1], 3000)), |serve| serve.listen);
    let next_port = SocketAddr::from(([127, 0, 0, 1], listen.port().checked_add(1).unwrap_or(1024)));
    let sandbox_listen = serve.as_ref().and_then(|serve| serve.sandbox_listen).unwrap_or(next_port);
    let public_url = cli.public_url.map(|url| url.trim_end_matches('/').to_owned()).unwrap_or_else(|| format!("http://localhost:{}", listen.port()));
    config::make_private_folder(&cli.data)?;
    let default_sandbox_url = config::sandbox_url(sandbox_listen, &public_url);
    let (keys, is_key_from_file) = config::keys(cli.key.as_deref(), &cli.data, &public_url)?;
    let config = Config {
        data: cli.data,
        database_url: cli.database_url,
        listen,
        public_url,
        sandbox_listen,
        sandbox_url: serve.and_then(|serve| serve.sandbox_url).unwrap_or(default_sandbox_url),
        smtp_url: cli.smtp_url,
        trusted_proxies: config::trusted_proxies(cli.trusted_proxies.as_deref().unwrap_or_default())?,
        keys,
        is_key_from_file,
        password_cost: PasswordCost::default(),
        api_calls_a_minute: cli.api_calls_a_minute,
    };
    config.check()?;
    let db = Db::open(&config.database_url()).await?;
    match cli.command {
        // These leave the schema as they find it: a backup holds an old one, and a restored one is brought up to date by itself.
        Command::Check { json } => {
            db.must_be_up_to_date().await?;
            return check::run(config, db, json).await;
        }
        Command::Backup { to } => return backup::run(config, db, to).await,
        Command::Restore { .. } => {
            let Some(whole) = whole else { return Ok(()) };
            return restore::run(config, db, whole).await;
        }
        _ => {}
    }
    if let Some(made) = bring_up_to_date(&db, &config.data, Clock::System.wall()).await? {
        println!("A backup was made before the schema changed: {}", made.display());
    }
    match cli.command {
        Command::Migrate | Command::Bench(_) | Command::Simulate { .. } | Command::Backup { .. } | Command::Restore { .. } | Command::Check { .. } => Ok(()),
        Command::Serve(serve) => serve.run(config, db).await,
        Command::Bill => bill::run(config, db).await,
        Command::Init(init) => init.run(config, db).await,
        Command::Demo { json } => demo::run(config, db, json).await,
        Command::Clock(clock) => clock.run(config, db).await,
        Command::ApiKey(api_key) => api_key.run(config, db).await,
        Command::Bank(bank) => bank.run(config, db).await,
        Command::Credit(credit) => credit.run(config, db).await,
        Command::Refund(refund) => refund.run(config, db).await,
        Command::WriteOff(write_off) => write_off.run(config, db).await,
        Command::Ledger(ledger) => ledger.run(config, db).await,
        Command::Disputes(disputes) => disputes.run(config, db).await,
        Command::Reconcile(reconcile) => reconcile.run(config, db).await,
        Command::Gateway(gateway) => gateway.run(config, db).await,
        Command::Dunning(dunning) => dunning.run(config, db).await,
        Command::Methods(methods) => methods.run(config, db).await,
        Command::EmbedOrigin(embed_origin) => embed_origin.run(config, db).await,
        Command::Settings(settings) => settings.run(config, db).await,
        Command::Totp { email } => totp::run(config, db, &email).await,
    }
}

/// The program as it runs outside of tests: by the system's clock, with the assets of its build.
async fn app(config: Config, db: Db) -> Result<App, Box<dyn std::error::Error>> {
    Ok(App::new(config, db, Clock::System, Ids::system(), Assets::load()).await?)
}

/// The vendor that `--vendor` names, or the only one.
fn vendor_named(app: &App, named: Option<&str>) -> Result<Arc<Vendor>, String> {
    let vendors = app.vendors();
    match (named, vendors.as_slice()) {
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err("there is no vendor yet; make one with portico init".to_owned()),
        (None, _) => Err(format!("say whose by --vendor: {}", vendors.iter().map(|vendor| vendor.name.as_str()).collect::<Vec<_>>().join(", "))),
        (Some(named), _) => {
            vendors.iter().find(|vendor| vendor.id == named || vendor.name == named).cloned().ok_or_else(|| format!("there is no vendor {named}"))
        }
    }
}

/// Why nothing was done with something that was named: that it is not there, by its noun, or what else it was.
fn missing(refusal: Refusal, noun: &str, named: &str) -> Box<dyn std::error::Error> {
    match refusal {
        Refusal::NotFound => format!("there is no {noun} {named}").into(),
        refusal => refusal.into(),
    }
}

/// Everything that is wrong, a line each, by its field.
fn by_place(refusal: Refusal) -> String {
    match refusal {
        Refusal::Fields(errors) => errors.iter().map(|error| format!("{}: {}", error.field, error.sentence)).collect::<Vec<_>>().join("\n"),
        other => other.to_string(),
    }
}

/// An amount as it is typed, in minor units of its currency.
fn typed_amount(text: &str, currency: &str) -> Result<i64, String> {
    Words::of("en")
        .typed_amount(text, currency)
        .map_err(|_| format!("“{text}” is no amount in {currency}: write it like {}", Words::of("en").money(2_500, currency)))
}

impl Cli {
    /// Everything said by `tracing` goes to standard error, where what runs the program keeps it.
    pub fn begin_log(&self) -> Result<(), String> {
        let filter = tracing_subscriber::EnvFilter::try_new(&self.log).map_err(|error| format!("--log {}: {error}", self.log))?;
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        match self.log_format {
            LogFormat::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
            LogFormat::Json => log.json().init(),
        }
        Ok(())
    }
}

async fn stop_signal() {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).expect("signals can be listened for");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
