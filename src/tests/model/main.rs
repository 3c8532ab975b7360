//! Holds a built product against the model: `model --portico PATH --seeds 1..100 --steps 500`.
//!
//! Of every seed whose results part, the first difference and the least scenario that shows it are printed (and kept, with `--keep`).
//! `--seed N` of a seed alone prints its scenario; a file's name in place of seeds runs that scenario.

use std::io::Write;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use model::{Lived, difference, live, run, shrink};
use serde_json::Value;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Clone)]
struct Wanted {
    portico: String,
    seeds: std::ops::Range<u64>,
    steps: usize,
    database_url: Option<String>,
    file: Option<String>,
    print: bool,
    least: bool,
    keep: Option<String>,
    threads: usize,
    stop_after: u64,
    /// Seconds a difference is made smaller for.
    patience: u64,
}

fn main() -> ExitCode {
    match wanted() {
        Ok(wanted) => check(&wanted),
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

fn wanted() -> Result<Wanted, String> {
    let mut wanted = Wanted {
        portico: "portico".to_owned(),
        seeds: 0..100,
        steps: 500,
        database_url: None,
        file: None,
        print: false,
        least: true,
        keep: None,
        threads: 2,
        stop_after: u64::MAX,
        patience: 60,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        let number = |text: String| text.parse::<u64>().map_err(|_| format!("“{text}” is not a number"));
        match word.as_str() {
            "--portico" => wanted.portico = value()?,
            "--seeds" => {
                let text = value()?;
                let (from, to) = text.split_once("..").ok_or("--seeds is a range such as 1..100")?;
                wanted.seeds = number(from.to_owned())?..number(to.to_owned())?;
            }
            "--steps" => wanted.steps = usize::try_from(number(value()?)?).map_err(|error| error.to_string())?,
            "--database-url" => wanted.database_url = Some(value()?),
            "--file" => wanted.file = Some(value()?),
            "--print" => wanted.print = true,
            "--no-shrink" => wanted.least = false,
            "--keep" => wanted.keep = Some(value()?),
            "--threads" => wanted.threads = usize::try_from(number(value()?)?).map_err(|error| error.to_string())?,
            "--patience" => wanted.patience = number(value()?)?,
            "--stop-after" => wanted.stop_after = number(value()?)?,
            other => {
                return Err(format!(
                    "“{other}” is not known: --portico, --seeds A..B, --steps N, --database-url, --file, --print, --no-shrink, --keep FOLDER, --threads, --stop-after"
                ));
            }
        }
    }
    Ok(wanted)
}

fn check(wanted: &Wanted) -> ExitCode {
    if let Some(file) = &wanted.file {
        let text = std::fs::read_to_string(file).expect("a file to read");
        let scenario: Value = serde_json::from_str(&text).expect("JSON");
        if wanted.print {
            println!("{:#}", run(&scenario));
        }
        return match told(wanted, 0, &scenario) {
            Ok(got) => match difference(&run(&scenario), &got) {
                Some(difference) => {
                    println!("{difference}");
                    if wanted.least {
                        println!("{}", least(wanted, 0, &scenario));
                    }
                    ExitCode::FAILURE
                }
                None => ExitCode::SUCCESS,
            },
            Err(why) => {
                println!("{why}");
                ExitCode::FAILURE
            }
        };
    }
    if wanted.print {
        for seed in wanted.seeds.clone() {
            println!("{:#}", live(seed, wanted.steps).scenario);
        }
        return ExitCode::SUCCESS;
    }
    let (next, failed, printing) = (AtomicU64::new(wanted.seeds.start), AtomicU64::new(0), Mutex::new((Duration::ZERO, Duration::ZERO)));
    std::thread::scope(|scope| {
        for thread in 0..wanted.threads {
            let (next, failed, printing) = (&next, &failed, &printing);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= wanted.seeds.end || failed.load(Ordering::Relaxed) >= wanted.stop_after {
                        break;
                    }
                    let begun = Instant::now();
                    let lived = std::panic::catch_unwind(|| live(seed, wanted.steps));
                    let of_model = begun.elapsed();
                    let Ok(Lived { scenario, outcome }) = lived else {
                        failed.fetch_add(1, Ordering::Relaxed);
                        println!("seed {seed}: the model does not know");
                        continue;
                    };
                    let begun = Instant::now();
                    let got = told(wanted, thread, &scenario);
                    let of_product = begun.elapsed();
                    let why = match got {
                        Ok(got) => difference(&outcome, &got).map(|difference| difference.to_string()),
                        Err(why) => Some(why),
                    };
                    let least = if why.is_some() && wanted.least { least(wanted, thread, &scenario) } else { String::new() };
                    let mut took = printing.lock().expect("printing");
                    took.0 += of_model;
                    took.1 += of_product;
                    if let Some(why) = why {
                        failed.fetch_add(1, Ordering::Relaxed);
                        println!("seed {seed}: {why}\n{least}");
                        let _ = std::io::stdout().flush();
                        if let Some(folder) = &wanted.keep {
                            let _ = std::fs::write(format!("{folder}/{seed}.json"), scenario.to_string());
                        }
                    }
                }
            });
        }
    });
    let (count, failed) = (wanted.seeds.end - wanted.seeds.start, failed.into_inner());
    let (of_model, of_product) = printing.into_inner().expect("printing");
    println!("{count} seeds of {} steps: {failed} differ. Model {of_model:?}, product {of_product:?} in all.", wanted.steps);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The least scenario that differs, with its difference.
fn least(wanted: &Wanted, thread: usize, scenario: &Value) -> String {
    std::panic::set_hook(Box::new(|_| {}));
    let begun = Instant::now();
    let of = |scenario: &Value| {
        let expected = std::panic::catch_unwind(|| run(scenario)).ok()?;
        difference(&expected, &told(wanted, thread, scenario).ok()?)
    };
    let kind = |at: &str| at.split('/').filter(|word| word.parse::<usize>().is_err()).take(4).collect::<Vec<_>>().join("/");
    let Some(first) = of(scenario) else { return "(cannot be made smaller)".to_owned() };
    // The same sort of difference, or the last of it is another.
    let same =
        |less: &Value| begun.elapsed() < Duration::from_secs(wanted.patience) && of(less).is_some_and(|difference| kind(&difference.at) == kind(&first.at));
    let least = shrink(scenario, same);
    let why = of(&least).map(|difference| difference.to_string()).unwrap_or_default();
    format!("  {why}\n  {least}")
}

/// What the product makes of a scenario, told by one of the threads here. Each of them keeps to a processor of its own: the product's own
/// threads hand everything to and fro, and would wake each other across processors.
fn told(wanted: &Wanted, thread: usize, scenario: &Value) -> Result<Value, String> {
    let processors = processors();
    let mut command = match processors.get(thread % processors.len().max(1)) {
        Some(processor) => {
            let mut command = Command::new("taskset");
            command.arg("--cpu-list").arg(processor.to_string()).arg(&wanted.portico);
            command
        }
        None => Command::new(&wanted.portico),
    };
    command.arg("simulate").arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(url) = &wanted.database_url {
        command.arg("--database-url").arg(url);
    }
    let mut child = command.spawn().map_err(|error| format!("{} does not start: {error}", wanted.portico))?;
    let text = scenario.to_string();
    let mut input = child.stdin.take().ok_or("no standard input")?;
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let done = child.wait_with_output().map_err(|error| error.to_string())?;
    let _ = writer.join();
    if done.status.success() {
        serde_json::from_slice(&done.stdout).map_err(|error| error.to_string())
    } else {
        Err(String::from_utf8_lossy(&done.stderr).into_owned())
    }
}

/// The processors we may use; none where the system does not say.
fn processors() -> Vec<usize> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap_or_default();
    let range = |text: &str| {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Some(first.parse::<usize>().ok()?..=last.parse().ok()?)
    };
    list.trim().split(',').filter_map(range).flatten().collect()
}
