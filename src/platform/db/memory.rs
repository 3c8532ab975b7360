//! A SQLite database in memory: it is its one connection, and whoever reads or writes has it alone until they are done. No pool stands
//! before it, which would ask it after every use whether it still stands, and who only reads needs no transaction: nobody changes anything
//! meanwhile.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::{FutureExt as _, poll};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Error};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

/// Whoever waits for longer waits for themselves.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Cheap to clone; gone with the last clone.
#[derive(Clone, Debug)]
pub struct Memory(Arc<Mutex<Kept>>);

#[derive(Debug)]
struct Kept {
    connection: SqliteConnection,
    /// A transaction stands on it. Where nobody has it any more, its holder was dropped before it was committed.
    is_open: bool,
}

impl Memory {
    pub(super) async fn open() -> Result<Memory, Error> {
        let options = SqliteConnectOptions::new().foreign_keys(true).statement_cache_capacity(512).disable_statement_logging();
        Ok(Memory(Arc::new(Mutex::new(Kept { connection: options.connect().await?, is_open: false }))))
    }

    /// The database as it stands, for one who only reads.
    pub(in crate::platform) async fn read(&self) -> Result<Turn, Error> {
        let kept = match self.0.clone().try_lock_owned() {
            Ok(kept) => kept,
            Err(_) => timeout(LONGEST_WAIT, self.0.clone().lock_owned()).await.map_err(|_| Error::PoolTimedOut)?,
        };
        let mut turn = Turn(kept);
        if turn.0.is_open {
            turn.say("ROLLBACK", false).await?;
        }
        Ok(turn)
    }

    /// The same in a transaction.
    pub(super) async fn write(&self) -> Result<Turn, Error> {
        let mut turn = self.read().await?;
        turn.say("BEGIN", true).await?;
        Ok(turn)
    }
}

/// The database in one holder's hands. Dropped without [`Turn::commit`], nothing written in a transaction stays: who has it next rolls it back.
pub struct Turn(OwnedMutexGuard<Kept>);

impl Turn {
    pub(super) async fn commit(mut self) -> Result<(), Error> {
        if self.0.is_open { self.say("COMMIT", false).await } else { Ok(()) }
    }

    /// Begins or ends a transaction without waiting until that is done: in memory there is nothing to keep it from being done, and whatever
    /// is asked next is asked after it.
    async fn say(&mut self, what: &'static str, is_open: bool) -> Result<(), Error> {
        let said = poll!(sqlx::query(what).execute(&mut **self).boxed());
        self.0.is_open = is_open;
        match said {
            Poll::Ready(done) => done.map(drop),
            Poll::Pending => Ok(()),
        }
    }
}

impl Deref for Turn {
    type Target = SqliteConnection;
    fn deref(&self) -> &SqliteConnection {
        &self.0.connection
    }
}

impl DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.0.connection
    }
}
