//! A web server on the loopback device, and the archives it serves.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::support::case::{HOST, go_script};

/// What is sent for a path.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Whole(Vec<u8>),
    /// The length of all is promised, and the connection is cut in the middle.
    Cut(Vec<u8>),
    /// The length of all is promised, and after the middle nothing more comes.
    Stalled(Vec<u8>),
    Status(u16),
    /// The request is taken, and nothing is ever said.
    Silent,
    /// Byte after byte, a few a second.
    Trickling(Vec<u8>),
    /// No length is promised, and it never ends.
    Endless,
    /// All of it, a fifth of a second apart, in so many pieces.
    Slow(Vec<u8>, usize),
}

/// Serves until the test ends.
#[derive(Debug)]
pub(crate) struct Mirror {
    pub(crate) url: String,
    answers: Arc<Mutex<BTreeMap<String, Answer>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Mirror {
    pub(crate) fn start() -> Mirror {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers: Arc<Mutex<BTreeMap<String, Answer>>> = Arc::default();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (given, seen) = (answers.clone(), asked.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (given, seen) = (given.clone(), seen.clone());
                // A client that hangs up is no failure of the server.
                thread::spawn(move || _ = answer(stream, &given, &seen));
            }
        });
        Mirror { url, answers, asked }
    }

    pub(crate) fn serve(&self, path: &str, answer: Answer) -> &Self {
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
        self
    }

    /// The paths that were asked for, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(
    mut stream: TcpStream,
    answers: &Mutex<BTreeMap<String, Answer>>,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    asked.lock().unwrap().push(path.clone());
    let answer = answers
        .lock()
        .unwrap()
        .get(&path)
        .cloned()
        .unwrap_or(Answer::Status(404));
    let head = |status: u16, length: usize| {
        format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")
    };
    match answer {
        Answer::Whole(bytes) => {
            stream.write_all(head(200, bytes.len()).as_bytes())?;
            stream.write_all(&bytes)
        }
        Answer::Cut(bytes) => {
            stream.write_all(head(200, bytes.len()).as_bytes())?;
            stream.write_all(&bytes[..bytes.len() / 2])
        }
        Answer::Stalled(bytes) => {
            stream.write_all(head(200, bytes.len()).as_bytes())?;
            stream.write_all(&bytes[..bytes.len() / 2])?;
            thread::sleep(Duration::from_secs(300));
            Ok(())
        }
        Answer::Silent => {
            thread::sleep(Duration::from_secs(300));
            Ok(())
        }
        Answer::Trickling(bytes) => {
            stream.write_all(head(200, bytes.len()).as_bytes())?;
            bytes.iter().try_for_each(|byte| {
                thread::sleep(Duration::from_millis(50));
                stream.write_all(&[*byte])
            })
        }
        Answer::Slow(bytes, pieces) => {
            stream.write_all(head(200, bytes.len()).as_bytes())?;
            bytes.chunks(bytes.len().div_ceil(pieces)).try_for_each(|piece| {
                thread::sleep(Duration::from_millis(200));
                stream.write_all(piece)
            })
        }
        Answer::Endless => {
            stream.write_all(b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n")?;
            let zeros = vec![0; 1 << 20];
            loop {
                stream.write_all(&zeros)?;
            }
        }
        Answer::Status(status) => stream.write_all(head(status, 0).as_bytes()),
    }
}

/// The name of an official Go archive for this machine.
pub(crate) fn go_archive_name(version: &str) -> String {
    format!("go{version}.{HOST}.tar.gz")
}

/// A small Go: its VERSION, a go command that writes stand-ins, and some bulk.
pub(crate) fn go_archive(version: &str) -> Vec<u8> {
    let script = format!("#!/bin/sh\nPATH=$PATH:/usr/bin:/bin\n{}", go_script(version, ""));
    let bulk: Vec<u8> = (0..600_000u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let files: [(&str, u32, &[u8]); 4] = [
        (
            "go/VERSION",
            0o644,
            &format!("go{version}\ntime 2025-01-01T00:00:00Z\n").into_bytes(),
        ),
        ("go/src/bulk", 0o444, &bulk),
        ("go/pkg/tool/compile", 0o755, b"x"),
        ("go/bin/go", 0o755, script.as_bytes()),
    ];
    tar_gz(&files)
}

pub(crate) fn tar_gz(files: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    tar(gz, files).finish().unwrap()
}

pub(crate) fn tar_xz(files: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(0);
    let xz = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    tar(xz, files).finish().unwrap()
}

fn tar<W: Write>(to: W, files: &[(&str, u32, &[u8])]) -> W {
    let mut tar = tar::Builder::new(to);
    for (name, mode, content) in files {
        let mut header = tar::Header::new_gnu();
        // Written raw: `set_path` refuses what some tests are about.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(*mode);
        header.set_cksum();
        tar.append(&header, *content).unwrap();
    }
    tar.into_inner().unwrap()
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// The list that go.dev/dl serves, with these archives.
pub(crate) fn go_list(archives: &[(&str, &[u8])]) -> Vec<u8> {
    let versions: Vec<_> = archives
        .iter()
        .map(|(version, bytes)| {
            serde_json::json!({ "version": format!("go{version}"), "stable": true, "files": [
                { "filename": format!("go{version}.src.tar.gz"), "kind": "source", "sha256": "00" },
                { "filename": go_archive_name(version), "kind": "archive", "sha256": sha256(bytes), "size": bytes.len() },
            ]})
        })
        .collect();
    serde_json::to_vec(&versions).unwrap()
}

/// The place of that list on a server.
pub(crate) const GO_LIST: &str = "/?mode=json&include=all";

/// A folder as a mirror: what is in it is fetched by file:// addresses.
pub(crate) fn folder_mirror(dir: &Path) -> String {
    format!("file://{}", dir.display())
}
