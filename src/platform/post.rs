//! The post: hands a letter to a mail server, or, where none is configured, lays it into the data folder as a file a person can open.

use std::path::PathBuf;

use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Body, Mailbox, MultiPart, SinglePart};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use tokio::io::AsyncWriteExt as _;

use crate::platform::config::Config;

/// Where letters go.
pub enum Post {
    Server(AsyncSmtpTransport<Tokio1Executor>),
    Folder(PathBuf),
    /// Letters end here: those of the demo's story, which nobody is to be sent.
    Nowhere,
}

/// One letter, addressed.
pub struct Envelope<'a> {
    /// The outbox row's: a letter sent twice after a crash is the same letter to mail programs.
    pub id: &'a str,
    pub from: (&'a str, &'a str),
    pub to: (&'a str, &'a str),
    pub subject: &'a str,
    pub text: &'a str,
    pub html: &'a str,
}

#[derive(Debug, thiserror::Error)]
pub enum PostError {
    #[error("the address {0:?} cannot receive mail")]
    Address(String),
    #[error("the letter cannot be written: {0}")]
    Message(#[from] lettre::error::Error),
    #[error("the mail server: {0}")]
    Server(#[from] lettre::transport::smtp::Error),
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
}

impl Post {
    pub fn of(config: &Config) -> Result<Post, PostError> {
        match &config.smtp_url {
            Some(url) => Ok(Post::Server(AsyncSmtpTransport::<Tokio1Executor>::from_url(url)?.timeout(Some(std::time::Duration::from_secs(30))).build())),
            None => Ok(Post::Folder(config.data.join("mail"))),
        }
    }

    /// Where letters go, for the start-up line.
    pub fn describe(&self) -> String {
        match self {
            Post::Server(_) => "to the mail server".to_owned(),
            Post::Folder(folder) => format!("to files in {}", folder.display()),
            Post::Nowhere => "nowhere".to_owned(),
        }
    }

    pub async fn send(&self, envelope: &Envelope<'_>) -> Result<(), PostError> {
        match self {
            Post::Server(server) => {
                server.send(message(envelope, Wrapping::ForTransport)?).await?;
            }
            Post::Folder(folder) => {
                let bytes = message(envelope, Wrapping::None)?.formatted();
                let path = folder.join(format!("{}.eml", envelope.id));
                let named = |error| PostError::File(path.clone(), error);
                tokio::fs::create_dir_all(folder).await.map_err(named)?;
                // Letters carry links that open accounts.
                let mut file = tokio::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path).await.map_err(named)?;
                file.write_all(&bytes).await.map_err(named)?;
                file.sync_all().await.map_err(named)?;
            }
            Post::Nowhere => {}
        }
        Ok(())
    }
}

/// Whether long lines are broken and marked up, as mail servers demand, or left so that a link can be copied out of the file.
#[derive(Clone, Copy)]
enum Wrapping {
    ForTransport,
    None,
}

fn message(envelope: &Envelope<'_>, wrapping: Wrapping) -> Result<Message, PostError> {
    let part = |content_type: ContentType, text: &str| {
        let body = match wrapping {
            Wrapping::None => Body::dangerous_pre_encoded(text.replace('\n', "\r\n").into_bytes(), ContentTransferEncoding::EightBit),
            Wrapping::ForTransport => Body::new(text.to_owned()),
        };
        SinglePart::builder().header(content_type).body(body)
    };
    let domain = envelope.from.1.rsplit('@').next().unwrap_or("portico");
    Ok(Message::builder()
        .message_id(Some(format!("<{}@{domain}>", envelope.id)))
        .from(mailbox(envelope.from)?)
        .to(mailbox(envelope.to)?)
        // A subject is one line, whatever names it holds.
        .subject(envelope.subject.replace(['\r', '\n'], " "))
        .multipart(MultiPart::alternative().singlepart(part(ContentType::TEXT_PLAIN, envelope.text)).singlepart(part(ContentType::TEXT_HTML, envelope.html)))?)
}

fn mailbox((name, address): (&str, &str)) -> Result<Mailbox, PostError> {
    let address: Address = address.parse().map_err(|_| PostError::Address(address.to_owned()))?;
    let name = name.replace(['\r', '\n'], " ");
    Ok(Mailbox::new((!name.trim().is_empty()).then_some(name), address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_add_headers_or_recipients() {
        let envelope = Envelope {
            id: "out_1",
            from: ("Kestrel", "billing@kestrel.example"),
            to: ("Mira\r\nBcc: eve@evil.example", "mira@nordlicht.example"),
            subject: "Hello\r\nBcc: eve@evil.example",
            text: "A link:\nhttp://localhost:3000/invitation?token=abc=\n’",
            html: "<p>x</p>",
        };
        let text = String::from_utf8(message(&envelope, Wrapping::None).unwrap().formatted()).unwrap();
        let (headers, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!headers.lines().any(|line| line.to_lowercase().starts_with("bcc:")), "{headers}");
        assert_eq!(message(&envelope, Wrapping::ForTransport).unwrap().envelope().to().len(), 1);
        assert!(text.contains("\r\nhttp://localhost:3000/invitation?token=abc=\r\n"), "{text}");
        let broken = Envelope { to: ("Mira", "mira@nordlicht.example, eve@evil.example"), ..envelope };
        assert!(message(&broken, Wrapping::ForTransport).is_err());
    }
}
