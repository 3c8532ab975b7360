//! What goes into a statement and what comes out of it, for either database.

use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, Encode, FromRow, Sqlite, Type};

use super::DbResult;

/// A row either database can give: derive `sqlx::FromRow`, or use a tuple.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// A parameter either database takes.
pub trait Value<'q>: Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres> + Send + 'q {}
impl<'q, T> Value<'q> for T where T: Encode<'q, Sqlite> + Type<Sqlite> + Encode<'q, Postgres> + Type<Postgres> + Send + 'q {}

/// The parameters of a statement, `$1` first: a tuple of values (`(id,)` for one, `()` for none), or rows of such tuples one after
/// the other (see [`Many`](super::Many)).
pub trait Args<'q>: Send + Sized {
    fn add_to_sqlite(self, args: &mut SqliteArguments) -> DbResult<()>;
    fn add_to_postgres(self, args: &mut PgArguments) -> DbResult<()>;

    fn sqlite(self) -> DbResult<SqliteArguments> {
        let mut args = SqliteArguments::default();
        self.add_to_sqlite(&mut args)?;
        Ok(args)
    }

    fn postgres(self) -> DbResult<PgArguments> {
        let mut args = PgArguments::default();
        self.add_to_postgres(&mut args)?;
        Ok(args)
    }
}

impl<'q, A: Args<'q>> Args<'q> for Vec<A> {
    fn add_to_sqlite(self, args: &mut SqliteArguments) -> DbResult<()> {
        self.into_iter().try_for_each(|row| row.add_to_sqlite(args))
    }

    fn add_to_postgres(self, args: &mut PgArguments) -> DbResult<()> {
        self.into_iter().try_for_each(|row| row.add_to_postgres(args))
    }
}

macro_rules! tuple_args {
    ($($name:ident)*) => {
        impl<'q, $($name: Value<'q>),*> Args<'q> for ($($name,)*) {
            #[allow(non_snake_case, unused_variables)]
            fn add_to_sqlite(self, args: &mut SqliteArguments) -> DbResult<()> {
                let ($($name,)*) = self;
                $(args.add($name).map_err(sqlx::Error::Encode)?;)*
                Ok(())
            }
            #[allow(non_snake_case, unused_variables)]
            fn add_to_postgres(self, args: &mut PgArguments) -> DbResult<()> {
                let ($($name,)*) = self;
                $(args.add($name).map_err(sqlx::Error::Encode)?;)*
                Ok(())
            }
        }
    };
}

macro_rules! tuple_args_up_to {
    ($head:ident $($tail:ident)*) => { tuple_args!($head $($tail)*); tuple_args_up_to!($($tail)*); };
    () => { tuple_args!(); };
}
tuple_args_up_to!(A B C D E F G H I J K L M N O P Q R S T U V W X Y Z AA AB AC AD AE AF);
