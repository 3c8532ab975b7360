//! What the running program is made of, handed to every door and worker. Cheap to clone.

use std::ops::Deref;
use std::sync::{Arc, RwLock};

use tokio::sync::Notify;

use crate::identity::password::Hasher;
use crate::platform::assets::Assets;
use crate::platform::clock::{Clock, Now, from_ms};
use crate::platform::config::Config;
use crate::platform::db::{Db, DbResult};
use crate::platform::ids::Ids;
use crate::services::overview::Remembered;
use crate::services::payments::sandbox::SandboxPlace;
use crate::services::payments::stripe::StripePlace;
use crate::services::payments::{Gateway, Gateways};
use crate::services::vendors::{self, Vendor};
use crate::services::{KeptSettings, Refusal};

#[derive(Clone)]
pub struct App(Arc<Parts>);

pub struct Parts {
    pub config: Config,
    pub db: Db,
    pub clock: Arc<Clock>,
    pub ids: Arc<Ids>,
    pub assets: Assets,
    pub gateways: Gateways,
    pub passwords: Hasher,
    pub overviews: Remembered,
    pub settings: KeptSettings,
    /// Told when more may have fallen due than time alone brings: a sandbox's clock was moved. Whoever bills need not wait then.
    pub fell_due: Notify,
    /// Few, read at each request, changed rarely: kept here, re-read by [`App::reload_vendors`].
    vendors: RwLock<Vec<Arc<Vendor>>>,
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    pub async fn new(config: Config, db: Db, clock: Clock, ids: Ids, assets: Assets) -> DbResult<App> {
        let ids = Arc::new(ids);
        let clock = Arc::new(clock);
        let sandbox = SandboxPlace { db: db.clone(), ids: ids.clone(), clock: clock.clone(), origin: config.sandbox_url.clone() };
        let stripe = StripePlace::new(db.clone(), config.keys.clone());
        let gateways = Gateways::Own { sandbox, stripe };
        App::assemble(config, db, clock, ids, assets, gateways).await
    }

    /// With one gateway for everyone: simulations and tests.
    pub async fn with_gateway(config: Config, db: Db, clock: Clock, ids: Ids, assets: Assets, gateway: Arc<dyn Gateway>) -> DbResult<App> {
        App::assemble(config, db, Arc::new(clock), Arc::new(ids), assets, Gateways::Fixed(gateway)).await
    }

    async fn assemble(config: Config, db: Db, clock: Arc<Clock>, ids: Arc<Ids>, assets: Assets, gateways: Gateways) -> DbResult<App> {
        let vendors = RwLock::new(vendors::all(&db).await?);
        let passwords = Hasher::new(config.password_cost, &ids);
        let (overviews, settings) = (Remembered::default(), KeptSettings::default());
        Ok(App(Arc::new(Parts { config, db, clock, ids, assets, gateways, passwords, overviews, settings, fell_due: Notify::new(), vendors })))
    }

    /// Who moves this vendor's money.
    pub async fn gateway(&self, vendor: &Vendor) -> Result<Arc<dyn Gateway>, Refusal> {
        self.gateways.of(&mut self.db.read().await?, vendor).await
    }

    pub async fn reload_vendors(&self) -> DbResult<()> {
        let fresh = vendors::all(&self.db).await?;
        *self.vendors.write().expect("no holder of this lock can panic") = fresh;
        Ok(())
    }

    pub fn vendors(&self) -> Vec<Arc<Vendor>> {
        self.vendors.read().expect("no holder of this lock can panic").clone()
    }

    /// The vendor a host name means. On loopback: the vendor without a host, or the only one.
    pub fn vendor_of_host(&self, host: &str) -> Option<Arc<Vendor>> {
        let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.bytes().all(|b| b.is_ascii_digit()) { name } else { host });
        let vendors = self.vendors.read().expect("no holder of this lock can panic");
        if let Some(vendor) = vendors.iter().find(|v| v.host.as_deref() == Some(name)) {
            return Some(vendor.clone());
        }
        let loopback = matches!(name, "localhost" | "127.0.0.1" | "[::1]");
        if !loopback {
            return None;
        }
        vendors.iter().find(|v| v.host.is_none()).or_else(|| vendors.first().filter(|_| vendors.len() == 1)).cloned()
    }

    /// The moment an action of this vendor happens at.
    pub fn now(&self, vendor: &Vendor) -> Now {
        let wall = self.clock.wall();
        Now { wall, billing: vendor.clock_at.map_or(wall, from_ms) }
    }
}
