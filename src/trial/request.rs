//! One request to a gateway that we run on the loopback: the only HTTP beside that of the fetcher.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::signals::heedful;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// As text, a megabyte at most.
    pub body: String,
}

/// Checks a request before anything is started for it.
///
/// # Errors
/// What is no request.
pub fn check(method: &str, path: &str) -> Result<()> {
    const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];
    let wrong = |why: String| Err(Error::usage(why).help("as in `--request GET /hello`"));
    if !METHODS.contains(&method) {
        return wrong(format!("`{method}` is no method of a request: {}", METHODS.join(", ")));
    }
    let uri = ureq::http::Uri::try_from(format!("http://127.0.0.1/{}", path.trim_start_matches('/')));
    match uri {
        Ok(_) => Ok(()),
        Err(why) => wrong(format!("`{path}` is no path of a request: {why}")),
    }
}

/// Sends a request; redirects are answers, and no proxy stands between.
///
/// # Errors
/// What is no request, no answer in time, or a signal meanwhile.
pub fn send(method: &str, path: &str, port: u16, patience: Duration) -> Result<Answer> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(patience))
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .build()
        .into();
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(format!("http://127.0.0.1:{port}/{}", path.trim_start_matches('/')))
        .body(())
        .map_err(|e| {
            Error::usage(format!("{method} {path} is no request: {e}")).help("as in `--request GET /hello`")
        })?;
    let mut response = heedful(patience + Duration::from_secs(1), move || agent.run(request))?
        .map_err(|e| Error::incompatible(format!("the gateway did not answer {method} {path}: {e}")))?;
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
    Ok(Answer {
        status: response.status().as_u16(),
        headers,
        body: body.unwrap_or_default(),
    })
}
