//! The file: lines of JSON, gzipped, so that a person can read one with zcat.
//!
//! ```text
//! {"portico_backup":1,"version":"0.1.0","made_at":"2026-11-21T22:00:00Z","schema":[[1,"9f…"],[2,"c0…"]]}
//! {"table":"coupons","columns":[["vendor_id","text"],["max_redemptions","integer"]]}
//! ["ven_…",100]
//! {"rows":1,"sha256":"…"}                    over the lines of the table's rows
//! …
//! {"tables":41,"rows":123456,"sha256":"…"}   over every line before
//! ```
//!
//! The last line tells a whole file from one that was cut off, each sum one that was changed.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::tables::Table;
use super::{BackupError, Held};
use crate::platform::clock::Instant;
use crate::platform::keys::hex;

/// The form of the file.
const FORM: u32 = 1;
/// What a gzipped file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Bytes between two looks at the disk.
const BUFFER: usize = 1 << 20;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    portico_backup: u32,
    /// Of the program.
    version: String,
    made_at: Instant,
    /// Each step of the schema with the checksum of its text.
    pub schema: Vec<(i64, String)>,
}

impl Header {
    pub fn new(schema: Vec<(i64, String)>, made_at: Instant) -> Header {
        Header { portico_backup: FORM, version: env!("CARGO_PKG_VERSION").to_owned(), made_at, schema }
    }

    pub fn last_step(&self) -> i64 {
        self.schema.last().map_or(0, |(step, _)| *step)
    }
}

#[derive(Serialize, Deserialize)]
struct TableEnd {
    rows: u64,
    sha256: String,
}

#[derive(Serialize, Deserialize)]
struct Trailer {
    tables: u64,
    rows: u64,
    sha256: String,
}

pub(super) struct Writer {
    path: PathBuf,
    out: GzEncoder<BufWriter<File>>,
    whole: Sha256,
    table: Sha256,
    table_rows: u64,
    held: Held,
}

impl Writer {
    /// A new file; one that is there stays as it is.
    pub fn create(path: &Path, header: &Header) -> Result<Writer, BackupError> {
        let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => BackupError::Exists(path.to_owned()),
            _ => BackupError::Io(path.to_owned(), error),
        })?;
        let out = GzEncoder::new(BufWriter::with_capacity(BUFFER, file), Compression::fast());
        let mut writer = Writer { path: path.to_owned(), out, whole: Sha256::new(), table: Sha256::new(), table_rows: 0, held: Held::default() };
        writer.json(header)?;
        Ok(writer)
    }

    pub fn begin(&mut self, table: &Table) -> Result<(), BackupError> {
        self.table = Sha256::new();
        self.table_rows = 0;
        self.held.tables += 1;
        self.json(table)
    }

    /// One row, as JSON that ends its line.
    pub fn row(&mut self, line: &[u8]) -> Result<(), BackupError> {
        self.table.update(line);
        self.table_rows += 1;
        self.line(line)
    }

    pub fn end(&mut self) -> Result<(), BackupError> {
        self.held.rows += self.table_rows;
        let end = TableEnd { rows: self.table_rows, sha256: hex(&self.table.clone().finalize()) };
        self.json(&end)
    }

    /// The last line, and all of it on the disk.
    pub fn finish(mut self) -> Result<Held, BackupError> {
        let trailer = Trailer { tables: self.held.tables, rows: self.held.rows, sha256: hex(&self.whole.clone().finalize()) };
        self.json(&trailer)?;
        let Writer { path, out, held, .. } = self;
        let synced = out.finish().and_then(|buffer| buffer.into_inner().map_err(|error| error.into_error())).and_then(|file| file.sync_all());
        synced.map(|()| held).map_err(|error| BackupError::Io(path, error))
    }

    fn json(&mut self, value: &impl Serialize) -> Result<(), BackupError> {
        let mut line = serde_json::to_vec(value).map_err(|error| BackupError::Io(self.path.clone(), error.into()))?;
        line.push(b'\n');
        self.line(&line)
    }

    fn line(&mut self, line: &[u8]) -> Result<(), BackupError> {
        self.whole.update(line);
        self.out.write_all(line).map_err(|error| BackupError::Io(self.path.clone(), error))
    }
}

pub(super) struct Reader {
    path: PathBuf,
    lines: BufReader<MultiGzDecoder<BufReader<File>>>,
    line: String,
    whole: Sha256,
    table: Sha256,
    table_rows: u64,
    pub header: Header,
    pub held: Held,
}

impl Reader {
    pub fn open(path: &Path) -> Result<Reader, BackupError> {
        let io = |error| BackupError::Io(path.to_owned(), error);
        let mut file = BufReader::with_capacity(BUFFER, File::open(path).map_err(io)?);
        if !file.fill_buf().map_err(io)?.starts_with(&GZIP) {
            return Err(BackupError::NotABackup(path.to_owned()));
        }
        let mut reader = Reader {
            path: path.to_owned(),
            lines: BufReader::with_capacity(BUFFER, MultiGzDecoder::new(file)),
            line: String::new(),
            whole: Sha256::new(),
            table: Sha256::new(),
            table_rows: 0,
            header: Header::new(Vec::new(), Instant::UNIX_EPOCH),
            held: Held::default(),
        };
        if !reader.read()? {
            return Err(BackupError::CutOff(path.to_owned()));
        }
        reader.header = serde_json::from_str(&reader.line).map_err(|_| BackupError::NotABackup(path.to_owned()))?;
        if reader.header.portico_backup != FORM {
            return Err(BackupError::Damaged(path.to_owned(), format!("its form is {}, this program reads {FORM}", reader.header.portico_backup)));
        }
        reader.count_line();
        Ok(reader)
    }

    /// The next table's name and columns; `None` at the end of a file that is whole.
    pub fn next_table(&mut self) -> Result<Option<Table>, BackupError> {
        if !self.read()? {
            return Err(BackupError::CutOff(self.path.clone()));
        }
        if let Ok(table) = serde_json::from_str::<Table>(&self.line) {
            self.count_line();
            self.table = Sha256::new();
            self.table_rows = 0;
            self.held.tables += 1;
            return Ok(Some(table));
        }
        let trailer: Trailer = serde_json::from_str(&self.line).map_err(|_| self.damaged("a line is none of a backup's"))?;
        let Held { tables, rows } = self.held;
        if (trailer.tables, trailer.rows) != (tables, rows) || trailer.sha256 != hex(&self.whole.clone().finalize()) {
            return Err(self.damaged("its checksum is another"));
        }
        if self.read()? {
            return Err(self.damaged("it goes on after its end"));
        }
        Ok(None)
    }

    /// The next row of the table, as JSON; `None` at its end, when its rows are what was written.
    pub fn next_row(&mut self) -> Result<Option<&str>, BackupError> {
        if !self.read()? {
            return Err(BackupError::CutOff(self.path.clone()));
        }
        self.count_line();
        if self.line.starts_with('[') {
            self.table.update(self.line.as_bytes());
            self.table_rows += 1;
            return Ok(Some(&self.line));
        }
        let end: TableEnd = serde_json::from_str(&self.line).map_err(|_| self.damaged("a line is none of a backup's"))?;
        if end.rows != self.table_rows || end.sha256 != hex(&self.table.clone().finalize()) {
            return Err(self.damaged("the checksum of a table is another"));
        }
        self.held.rows += self.table_rows;
        Ok(None)
    }

    pub fn damaged(&self, what: &str) -> BackupError {
        BackupError::Damaged(self.path.clone(), what.to_owned())
    }

    /// The next line into `self.line`; false at the end of the file.
    fn read(&mut self) -> Result<bool, BackupError> {
        self.line.clear();
        match self.lines.read_line(&mut self.line) {
            Ok(read) => Ok(read > 0),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(BackupError::CutOff(self.path.clone())),
            Err(error) => Err(self.damaged(&error.to_string())),
        }
    }

    fn count_line(&mut self) {
        self.whole.update(self.line.as_bytes());
    }
}
