//! The judge: `end2end/einvoice.py`, the published rules run over a folder of files.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use portico::platform::ids::Ids;

/// What is wrong with each file: rule and sentence.
pub fn judge(files: &[(String, impl AsRef<[u8]>)]) -> BTreeMap<String, Vec<(String, String)>> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = output(Command::new(home.join("end2end/setup.sh")).arg("einvoice"));
    let folder = std::env::temp_dir().join(Ids::system().next("einvoices", 0));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let wrong = output(Command::new(python.trim()).arg(home.join("end2end/einvoice.py")).arg(&folder));
    std::fs::remove_dir_all(&folder).unwrap();
    let wrong: BTreeMap<String, Vec<(String, String)>> = serde_json::from_str(&wrong).unwrap();
    assert!(files.iter().all(|(name, _)| wrong.contains_key(name)), "not every file was judged");
    wrong
}

fn output(command: &mut Command) -> String {
    let done = command.stderr(Stdio::inherit()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(done.status.success(), "{command:?} failed");
    String::from_utf8(done.stdout).unwrap()
}
