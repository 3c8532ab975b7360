//! A browser's requests without a browser: signing in, single pages, and many at once over connections that are kept.
//! Blocking sockets and threads: what is measured is the other end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::Error;
use super::subject::Subject;

/// A response, its body still as it was sent.
pub struct Answer {
    pub status: u16,
    cookies: Vec<(String, String)>,
    location: Option<String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Somebody who has signed in.
pub struct Browser {
    address: SocketAddr,
    cookies: Vec<(String, String)>,
}

/// How hard, how long, and in which encodings.
#[derive(Clone, Copy)]
pub struct Load<'a> {
    pub encoding: Option<&'a str>,
    pub connections: usize,
    pub time: Duration,
}

/// What a load gave.
pub struct Loaded {
    times: Vec<Duration>,
    /// Of one response's body.
    pub bytes: usize,
}

impl Loaded {
    pub fn count(&self) -> usize {
        self.times.len()
    }

    pub fn percentile(&self, percent: usize) -> Duration {
        self.times[(self.times.len() - 1) * percent / 100]
    }
}

impl Browser {
    /// The healthy customer, signed in by password and code.
    pub fn sign_in(subject: &Subject) -> Result<Browser, Error> {
        let mut browser = Browser { address: subject.address, cookies: Vec::new() };
        browser.follow("/sign-in", &[("email", &subject.sign_in.email), ("password", &subject.sign_in.password)])?;
        let code = subject.code()?;
        let landed = browser.follow("/sign-in/code", &[("code", &code)])?;
        if landed != "/" {
            return Err(format!("signing in ended at {landed}").into());
        }
        let page = browser.get("/", None)?;
        if page.status != 200 {
            return Err(format!("/ answered {} after signing in", page.status).into());
        }
        Ok(browser)
    }

    /// Opens a form's page and sends the form; where it leads.
    fn follow(&mut self, path: &str, form: &[(&str, &str)]) -> Result<String, Error> {
        let page = self.get(path, None)?;
        self.keep(&page);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut line = Line::open(self.address)?;
        let request = format!(
            "POST {path} HTTP/1.1\r\n{}Content-Type: application/x-www-form-urlencoded\r\nOrigin: http://localhost:{}\r\nSec-Fetch-Site: same-origin\r\nContent-Length: {}\r\n\r\n{body}",
            self.headers(None),
            self.address.port(),
            body.len()
        );
        let answer = line.ask(request.as_bytes())?;
        self.keep(&answer);
        answer.location.ok_or_else(|| format!("POST {path} answered {} and led nowhere", answer.status).into())
    }

    pub fn get(&self, path: &str, encoding: Option<&str>) -> Result<Answer, Error> {
        ask(self.address, &self.request(path, encoding))
    }

    /// How long each of `count` requests took, one after another on one connection.
    pub fn time(&self, path: &str, count: usize) -> Result<Vec<Duration>, Error> {
        let mut line = Line::open(self.address)?;
        let request = self.request(path, None);
        (0..count)
            .map(|_| {
                let began = Instant::now();
                let answer = line.ask(request.as_bytes())?;
                if answer.status == 200 { Ok(began.elapsed()) } else { Err(format!("{path} answered {}", answer.status).into()) }
            })
            .collect()
    }

    pub fn load(&self, path: &str, load: Load) -> Result<Loaded, Error> {
        let request = self.request(path, load.encoding);
        under_load(self.address, 200, load, || request.clone())
    }

    /// The session and whatever else a browser would send with each request.
    pub fn cookie_header(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn request(&self, path: &str, encoding: Option<&str>) -> String {
        format!("GET {path} HTTP/1.1\r\n{}\r\n", self.headers(encoding))
    }

    fn headers(&self, encoding: Option<&str>) -> String {
        let mut headers = format!("Host: localhost:{}\r\nAccept: text/html\r\n", self.address.port());
        if !self.cookies.is_empty() {
            headers.push_str(&format!("Cookie: {}\r\n", self.cookie_header()));
        }
        if let Some(encoding) = encoding {
            headers.push_str(&format!("Accept-Encoding: {encoding}\r\n"));
        }
        headers
    }

    fn keep(&mut self, answer: &Answer) {
        for (name, value) in &answer.cookies {
            self.cookies.retain(|(kept, _)| kept != name);
            if !value.is_empty() {
                self.cookies.push((name.clone(), value.clone()));
            }
        }
    }
}

/// Sends requests over several connections at once, each the next as soon as the one before is answered, and always by `status`.
pub fn under_load(address: SocketAddr, status: u16, load: Load, request: impl Fn() -> String + Sync) -> Result<Loaded, Error> {
    let work = || -> Result<(Vec<Duration>, usize), Error> {
        let mut line = Line::open(address)?;
        let mut times = Vec::new();
        let mut bytes = 0;
        let until = Instant::now() + load.time;
        while Instant::now() < until {
            let request = request();
            let began = Instant::now();
            let answer = line.ask(request.as_bytes())?;
            if answer.status != status {
                return Err(format!("{} was answered by {} under load: {}", request.lines().next().unwrap_or_default(), answer.status, answer.text()).into());
            }
            bytes = answer.body.len();
            times.push(began.elapsed());
        }
        Ok((times, bytes))
    };
    let parts: Vec<Result<_, Error>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..load.connections).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err("a loading thread panicked".into()))).collect()
    });
    let mut loaded = Loaded { times: Vec::new(), bytes: 0 };
    for part in parts {
        let (times, bytes) = part?;
        loaded.times.extend(times);
        loaded.bytes = bytes;
    }
    if loaded.times.is_empty() {
        return Err("nothing was answered under load".into());
    }
    loaded.times.sort_unstable();
    Ok(loaded)
}

/// One request on a connection of its own.
pub fn ask(address: SocketAddr, request: &str) -> Result<Answer, Error> {
    Line::open(address)?.ask(request.as_bytes())
}

/// One kept connection.
pub struct Line(BufReader<TcpStream>);

impl Line {
    pub fn open(address: SocketAddr) -> Result<Line, Error> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Line(BufReader::with_capacity(64 * 1024, stream)))
    }

    pub fn ask(&mut self, request: &[u8]) -> Result<Answer, Error> {
        self.0.get_mut().write_all(request)?;
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let status = line.split(' ').nth(1).ok_or("no status line")?.parse()?;
        let mut answer = Answer { status, cookies: Vec::new(), location: None, body: Vec::new() };
        let (mut length, mut is_chunked) = (0, false);
        loop {
            line.clear();
            self.0.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse()?,
                "transfer-encoding" => is_chunked = value.eq_ignore_ascii_case("chunked"),
                "location" => answer.location = Some(value.to_owned()),
                "set-cookie" => {
                    let pair = value.split(';').next().unwrap_or_default();
                    if let Some((name, content)) = pair.split_once('=') {
                        answer.cookies.push((name.to_owned(), content.to_owned()));
                    }
                }
                _ => {}
            }
        }
        if !is_chunked {
            answer.body = vec![0; length];
            self.0.read_exact(&mut answer.body)?;
            return Ok(answer);
        }
        loop {
            line.clear();
            self.0.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim_end(), 16)?;
            let from = answer.body.len();
            answer.body.resize(from + size, 0);
            self.0.read_exact(&mut answer.body[from..])?;
            line.clear();
            self.0.read_line(&mut line)?;
            if size == 0 {
                return Ok(answer);
            }
        }
    }
}
