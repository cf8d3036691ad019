//! One HTTP request to a registry, bounded in time, bytes and redirects; and when to ask once more.
//!
//! All requests of a run share its pools of connections, one for each scheme. oci-client has a pool of its own, reads manifests and tag
//! lists whole, however large, and hides `Link`, `Retry-After` and lengths; its types are used, its client is not.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use reqwest::header::{
    ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, LINK, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use reqwest::{Method, Response, Url};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::cache::reason;
use crate::failure::Failure;
use crate::setup::Clients;
use crate::spool::Spool;

const MAX_REDIRECTS: usize = 5;
const MAX_TRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// How much of an error's body is read, in bytes.
const MAX_ERROR_BODY: usize = 16 * 1024;
/// A large body may take a second more for each of so many bytes.
const SLOWEST: u64 = 64 * 1024;

/// The time that is left, for the run and for one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    deadline: Instant,
    budget: Duration,
    per_request: Duration,
}

/// What an Authorization header is made of.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Authorization {
    Bearer(String),
    Basic(String, String),
}

/// One request.
pub(crate) struct Ask<'a> {
    /// The registry, for words.
    pub(crate) host: &'a str,
    pub(crate) url: &'a str,
    pub(crate) accept: &'a str,
    /// The largest body, in bytes.
    pub(crate) limit: usize,
    /// HEAD: existence and length only.
    pub(crate) head: bool,
    /// The body's length in bytes, where it is known: a longer one is wrong, and a long one gets more time.
    pub(crate) size: Option<u64>,
    /// Told how many bytes have come in.
    pub(crate) tell: &'a dyn Fn(u64),
    /// Where the body goes in place of memory.
    pub(crate) into: Option<&'a Spool>,
}

/// A successful answer.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) body: Vec<u8>,
    /// The length of a HEAD's content, in bytes, where it is told.
    pub(crate) length: Option<u64>,
    /// `Docker-Content-Digest`.
    pub(crate) digest: Option<String>,
    /// The next page, from `Link`.
    pub(crate) next: Option<String>,
    /// The body is compressed or otherwise encoded, although nobody asked for it; it is not decoded.
    pub(crate) encoded: bool,
}

impl Clock {
    /// Starts now.
    pub(crate) fn start(budget: Duration, per_request: Duration) -> Self {
        let now = Instant::now();
        // An endless budget must not overflow; a year is endless enough.
        let deadline = now
            .checked_add(budget)
            .unwrap_or(now + Duration::from_hours(24 * 365));
        Self {
            deadline,
            budget,
            per_request,
        }
    }

    /// When everything must be over.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The deadline's reason, for what it cut short.
    pub(crate) fn over(&self) -> Failure {
        Failure::unclear(format!("the run's deadline of {} passed", seconds(self.budget)))
    }

    /// One request's share of the time.
    pub(crate) async fn limit<T>(
        &self,
        host: &str,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        self.limit_for(host, 0, work).await
    }

    /// The share of a request whose answer has so many bytes.
    pub(crate) async fn limit_for<T>(
        &self,
        host: &str,
        bytes: u64,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let share = self
            .per_request
            .saturating_add(Duration::from_secs(bytes / SLOWEST));
        let own = Instant::now().checked_add(share).unwrap_or(self.deadline);
        match timeout_at(own.min(self.deadline), work).await {
            Ok(result) => result,
            Err(_) if own < self.deadline => Err(Failure::unclear(format!(
                "no answer from `{host}` within {}",
                seconds(share)
            ))),
            Err(_) => Err(self.over()),
        }
    }

    /// Repeats what is worth another try, with growing pauses, while the deadline allows.
    pub(crate) async fn retry<T, F, W>(&self, mut work: F) -> Result<T, Failure>
    where
        F: FnMut() -> W,
        W: Future<Output = Result<T, Failure>>,
    {
        let mut tries = 1;
        loop {
            let (why, retry_after) = match work().await {
                Err(Failure::Busy { why, retry_after }) => (why, retry_after),
                other => return other,
            };
            let tried = if tries == 1 {
                String::new()
            } else {
                format!(" ({tries} tries)")
            };
            if tries == MAX_TRIES {
                return Err(Failure::unclear(format!("{why}{tried}")));
            }
            let again = Instant::now() + pause(tries, retry_after);
            if again >= self.deadline {
                let budget = seconds(self.budget);
                return Err(Failure::unclear(format!(
                    "{why}{tried}, and another try would pass the deadline of {budget}"
                )));
            }
            sleep_until(again).await;
            tries += 1;
        }
    }
}

/// Sends one request; follows redirects, without the access where they lead elsewhere.
pub(crate) async fn send(
    clients: &Clients,
    ask: &Ask<'_>,
    access: Option<&Authorization>,
) -> Result<Answer, Failure> {
    let mut url =
        Url::parse(ask.url).map_err(|_| Failure::unclear(format!("`{}` makes no URL", ask.host)))?;
    let origin = url.origin();
    for _ in 0..=MAX_REDIRECTS {
        let method = if ask.head { Method::HEAD } else { Method::GET };
        let client = clients.of(url.scheme())?;
        let mut request = client.request(method, url.clone()).header(ACCEPT, ask.accept);
        if url.origin() == origin {
            request = match access {
                Some(Authorization::Bearer(token)) => request.bearer_auth(token),
                Some(Authorization::Basic(user, password)) => request.basic_auth(user, Some(password)),
                None => request,
            };
        }
        let response = request
            .send()
            .await
            .map_err(|error| Failure::from_request(ask.host, &error))?;
        if !is_redirect(response.status().as_u16()) {
            return answer(ask, &url, url.origin() == origin, response).await;
        }
        if ask.head {
            // The registry knows the content and would have it fetched elsewhere, often by a URL signed for GET only.
            return Ok(Answer::default());
        }
        url = redirect(ask.host, &url, response.headers())?;
    }
    Err(Failure::unclear(format!(
        "`{}` redirects more than {MAX_REDIRECTS} times",
        ask.host
    )))
}

async fn answer(
    ask: &Ask<'_>,
    url: &Url,
    own_origin: bool,
    mut response: Response,
) -> Result<Answer, Failure> {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if status == 401 && own_origin {
        let all = headers.get_all(WWW_AUTHENTICATE).iter();
        let challenges = all.filter_map(|value| value.to_str().ok().map(str::to_owned));
        return Err(Failure::Denied {
            status,
            challenges: challenges.collect(),
        });
    }
    if status != 200 {
        // The status says enough where the body cannot be read.
        let body = read(ask.host, &mut response, MAX_ERROR_BODY, None, &|_| ())
            .await
            .unwrap_or_default();
        return Err(Failure::from_status(
            ask.host,
            status,
            &body,
            retry_after(&headers),
        ));
    }
    let body = match ask.into {
        _ if ask.head => Vec::new(),
        Some(spool) => {
            spool.begin().map_err(|cause| unwritten(ask.host, &cause))?;
            let keep = |bytes: &[u8]| spool.push(bytes).map_err(|cause| unwritten(ask.host, &cause));
            drain(ask.host, &mut response, (ask.limit, ask.size), ask.tell, keep).await?;
            Vec::new()
        }
        None => read(ask.host, &mut response, ask.limit, ask.size, ask.tell).await?,
    };
    Ok(Answer {
        body,
        length: text(CONTENT_LENGTH.as_str()).and_then(|value| value.parse().ok()),
        digest: text("docker-content-digest")
            .filter(|digest| !digest.is_empty())
            .map(str::to_owned),
        next: text(LINK.as_str()).and_then(|link| next_page(url, link)),
        encoded: text(CONTENT_ENCODING.as_str())
            .is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")),
    })
}

/// How long the registry asks to wait, where it does so in seconds.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

/// A whole body in memory, bounded as [`drain`] says.
pub(crate) async fn read(
    host: &str,
    response: &mut Response,
    limit: usize,
    size: Option<u64>,
    tell: &dyn Fn(u64),
) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    let keep = |bytes: &[u8]| {
        body.extend_from_slice(bytes);
        Ok(body.len() as u64)
    };
    drain(host, response, (limit, size), tell, keep).await?;
    Ok(body)
}

/// Hands over a body piece by piece to `keep`, which says how many bytes there are; of more than `limit` bytes nobody can tell,
/// of more than `size` bytes it is wrong.
async fn drain(
    host: &str,
    response: &mut Response,
    (limit, size): (usize, Option<u64>),
    tell: &dyn Fn(u64),
    mut keep: impl FnMut(&[u8]) -> Result<u64, Failure>,
) -> Result<(), Failure> {
    loop {
        let length = match response.chunk().await {
            Ok(Some(bytes)) => keep(&bytes)?,
            Ok(None) => return Ok(()),
            Err(error) => return Err(Failure::from_request(host, &error)),
        };
        if let Some(size) = size.filter(|size| length > *size) {
            return Err(Failure::wrong(format!(
                "`{host}` serves content of more than {size} bytes, which is all that the manifest says"
            )));
        }
        if length > limit as u64 {
            return Err(too_large(host, limit));
        }
        tell(length);
    }
}

/// What came in cannot be kept.
fn unwritten(host: &str, cause: &std::io::Error) -> Failure {
    Failure::unclear(format!(
        "what `{host}` sends cannot be written: {}",
        reason(cause)
    ))
}

/// More bytes than anybody should read.
fn too_large(host: &str, limit: usize) -> Failure {
    Failure::unclear(format!(
        "`{host}` sends more than {limit} bytes, not read further"
    ))
}

fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

fn redirect(host: &str, from: &Url, headers: &HeaderMap) -> Result<Url, Failure> {
    let target = headers
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| from.join(text).ok());
    match target {
        Some(url) if url.scheme() == "https" || (url.scheme() == "http" && from.scheme() == "http") => {
            Ok(url)
        }
        Some(url) => Err(Failure::unclear(format!(
            "`{host}` redirects from https to {}",
            url.scheme()
        ))),
        None => Err(Failure::unclear(format!("`{host}` redirects to nowhere"))),
    }
}

/// The target of `rel="next"`; only on the same origin, since the access goes with it.
fn next_page(from: &Url, link: &str) -> Option<String> {
    let next = link.split(',').find(|part| {
        part.split(';')
            .skip(1)
            .any(|parameter| matches!(parameter.trim(), "rel=\"next\"" | "rel=next"))
    })?;
    let target = next
        .split(';')
        .next()?
        .trim()
        .strip_prefix('<')?
        .strip_suffix('>')?;
    let url = from.join(target).ok()?;
    (url.origin() == from.origin()).then(|| url.into())
}

/// The pause before another try: what the registry asks for, or doubling, with up to a quarter of jitter.
fn pause(tries: u32, retry_after: Option<Duration>) -> Duration {
    let pause = retry_after
        .unwrap_or(FIRST_PAUSE * 2_u32.pow(tries - 1))
        .min(Duration::from_hours(1));
    let jitter = RandomState::new().hash_one(tries) % 256;
    pause + pause / 1024 * u32::try_from(jitter).unwrap_or(0)
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_next_page_on_the_same_origin_only() {
        let from = Url::parse("https://r.example/v2/a/tags/list?n=2").unwrap();
        let next = |link: &str| next_page(&from, link);
        let page = "https://r.example/v2/a/tags/list?n=2&last=b".to_owned();
        assert_eq!(
            next("</v2/a/tags/list?n=2&last=b>; rel=\"next\""),
            Some(page.clone())
        );
        assert_eq!(
            next("</x>; rel=\"prev\", </v2/a/tags/list?n=2&last=b>; rel=next"),
            Some(page)
        );
        assert_eq!(next("<https://evil.example/v2>; rel=\"next\""), None);
        assert_eq!(next("</v2>"), None);
    }

    #[test]
    fn pauses_as_asked_and_grows_otherwise() {
        assert!(pause(1, Some(Duration::from_secs(2))) >= Duration::from_secs(2));
        assert!(pause(1, Some(Duration::from_secs(2))) < Duration::from_millis(2600));
        assert!(pause(3, None) >= FIRST_PAUSE * 4);
    }

    #[test]
    fn never_follows_from_https_to_http() {
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, "http://a.example/x".parse().unwrap());
        let from = |url: &str| redirect("h", &Url::parse(url).unwrap(), &headers);
        assert!(from("http://h/").is_ok());
        assert_eq!(
            from("https://h/").unwrap_err().to_string(),
            "`h` redirects from https to http"
        );
    }
}
