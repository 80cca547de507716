//! A request to a gateway on the loopback: the only HTTP besides downloads.

use std::time::Duration;

use ureq::http::header::CONTENT_TYPE;
use ureq::http::{HeaderName, HeaderValue, Uri};

use crate::util::error::{Error, Result};
use crate::util::process::signals::interruptible;

/// A response.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// As text, at most a megabyte.
    pub body: String,
}

/// A valid request.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    pub method: String,
    pub path: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<Vec<u8>>,
}

/// Parses a header as curl does: `Name: value`, or `Name;` for an empty value.
///
/// # Errors
/// It is not a header.
pub fn header(text: &str) -> Result<(HeaderName, HeaderValue)> {
    let wrong =
        || Error::usage(format!("`{text}` is not a header")).help("as in `--header \"Authorization: Bearer x\"`");
    let (name, value) = match text.split_once(':') {
        Some((name, value)) => (name, value),
        None => (text.strip_suffix(';').ok_or_else(wrong)?, ""),
    };
    let name = name.trim().parse().map_err(|_| wrong())?;
    Ok((name, value.trim().parse().map_err(|_| wrong())?))
}

impl HttpRequest {
    /// Checks a request before anything is started.
    ///
    /// # Errors
    /// A part of it is invalid.
    pub fn new(
        method: &str,
        path: &str,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: Option<Vec<u8>>,
    ) -> Result<HttpRequest> {
        const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];
        let wrong = |why: String| Error::usage(why).help("as in `--request GET /hello`");
        if !METHODS.contains(&method) {
            return Err(wrong(format!(
                "`{method}` is not a method of a request: {}",
                METHODS.join(", ")
            )));
        }
        Uri::try_from(address(path, 80)).map_err(|why| wrong(format!("`{path}` is not a path of a request: {why}")))?;
        Ok(HttpRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            headers,
            body,
        })
    }

    /// Sends the request without following redirects and without a proxy. Any method may have a body, as with curl.
    ///
    /// # Errors
    /// No answer in time, or interrupted by a signal.
    pub fn send(&self, port: u16, timeout: Duration) -> Result<Response> {
        let HttpRequest { method, path, .. } = self;
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .build()
            .into();
        let mut request = ureq::http::Request::builder()
            .method(method.as_str())
            .uri(address(path, port));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let named = self.headers.iter().any(|(name, _)| name == CONTENT_TYPE);
        if self.body.is_some() && !named {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let failed = |e| Error::usage(format!("{method} {path} is not a request: {e}"));
        let answer = match &self.body {
            Some(body) => {
                let request = request.body(body.clone()).map_err(failed)?;
                interruptible(timeout + Duration::from_secs(1), move || agent.run(request))?
            }
            None => {
                let request = request.body(()).map_err(failed)?;
                interruptible(timeout + Duration::from_secs(1), move || agent.run(request))?
            }
        };
        let mut response =
            answer.map_err(|e| Error::incompatible(format!("the gateway did not answer {method} {path}: {e}")))?;
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let body = response
            .body_mut()
            .with_config()
            .limit(1 << 20)
            .lossy_utf8(true)
            .read_to_string();
        Ok(Response {
            status: response.status().as_u16(),
            headers,
            body: body.unwrap_or_default(),
        })
    }
}

fn address(path: &str, port: u16) -> String {
    format!("http://127.0.0.1:{port}/{}", path.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_parse_like_curl() {
        let read = |text: &str| header(text).map(|(name, value)| format!("{name}={}", value.to_str().unwrap()));
        assert_eq!(read("Authorization: Bearer a:b").unwrap(), "authorization=Bearer a:b");
        assert_eq!(read("X-Empty;").unwrap(), "x-empty=");
        assert_eq!(read("X-Empty:").unwrap(), "x-empty=");
        for wrong in ["", "X-Name", "a b: c", "X: a\nb"] {
            let error = read(wrong).unwrap_err();
            assert_eq!(error.message, format!("`{wrong}` is not a header"));
        }
    }

    /// What the gateway receives: the method with the body, and each header.
    #[test]
    fn any_method_sends_headers_and_body() {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = std::thread::spawn(move || {
            let mut asked = Vec::new();
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().unwrap();
                let (mut text, mut part) = (String::new(), [0; 4096]);
                while !text.contains("{}") {
                    let count = stream.read(&mut part).unwrap();
                    assert!(count > 0, "{text}");
                    text += std::str::from_utf8(&part[..count]).unwrap();
                }
                let answer = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
                stream.write_all(answer.as_bytes()).unwrap();
                asked.push(text.to_lowercase());
            }
            asked
        });
        for (method, headers) in [
            ("GET", vec!["X-A: 1", "X-A: 2"]),
            ("POST", vec!["Content-Type: application/json"]),
        ] {
            let headers = headers.iter().map(|text| header(text).unwrap()).collect();
            let request = HttpRequest::new(method, "/hello?x=1", headers, Some(b"{}".to_vec())).unwrap();
            let answer = request.send(port, Duration::from_secs(20)).unwrap();
            assert_eq!((answer.status, answer.body.as_str()), (201, "ok"));
        }
        let asked = serving.join().unwrap();
        for sent in [
            "get /hello?x=1 http/1.1",
            "x-a: 1\r\n",
            "x-a: 2\r\n",
            "content-type: application/x-www-form-urlencoded\r\n",
        ] {
            assert!(asked[0].contains(sent), "{}", asked[0]);
        }
        assert!(asked[1].contains("content-type: application/json\r\n"), "{}", asked[1]);
        assert!(!asked[1].contains("urlencoded"), "{}", asked[1]);
    }
}
