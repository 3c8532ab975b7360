//! Safe keeping: books that are verified.

mod check;
mod house;
