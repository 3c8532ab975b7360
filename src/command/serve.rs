//! `portico serve`: the portal, the test payment page of sandboxes, and the workers, until told to stop.

use std::net::SocketAddr;

use portico::platform::config::{self, Config};
use portico::platform::db::Db;
use portico::platform::post::Post;
use portico::server::{self, Patience};
use portico::worker;

use super::{Done, app, stop_signal};

#[derive(Clone, clap::Args)]
pub struct Serve {
    /// Address to listen on.
    #[arg(long, env = "PORTICO_LISTEN", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
    /// Address of the test payment page, for sandbox vendors. Default: 127.0.0.1 and the port after the portal's.
    #[arg(long, env = "PORTICO_SANDBOX_LISTEN")]
    pub sandbox_listen: Option<SocketAddr>,
    /// Scheme and host customers' browsers reach the test payment page by; must not be the portal's. Default: http and the address listened on.
    #[arg(long, env = "PORTICO_SANDBOX_URL")]
    pub sandbox_url: Option<String>,
}

impl Serve {
    pub async fn run(self, mut config: Config, db: Db) -> Done {
        let listener = tokio::net::TcpListener::bind(config.listen).await?;
        let sandbox = sandbox_listener(&mut config, self.sandbox_listen.is_some(), self.sandbox_url.is_some()).await?;
        let app = app(config.clone(), db).await?;
        let has_sandbox = app.vendors().iter().any(|vendor| vendor.is_test);
        if self.sandbox_listen.is_some() && !has_sandbox {
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
        let workers = tokio::spawn(futures_util::future::join4(
            worker::deliver::run(app.clone(), post, stop_signal()),
            worker::bill::run(app.clone(), stop_signal()),
            worker::purge::run(app.clone(), stop_signal()),
            worker::reconcile::run(app.clone(), stop_signal()),
        ));
        let portal = server::serve(app.clone(), listener, Patience::default(), stop_signal());
        if has_sandbox {
            println!("The test payment page is at {}", config.sandbox_url);
            tokio::join!(portal, server::serve_sandbox(app, sandbox, Patience::default(), stop_signal()));
        } else {
            drop(sandbox);
            portal.await;
        }
        workers.await?;
        Ok(())
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
