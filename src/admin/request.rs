//! What is asked: the request line, read within strict bounds. Header fields and bodies are of no
//! interest here.

/// The longest head of a request, request line and fields together.
pub(super) const MAX_HEAD_BYTES: usize = 8 * 1024;

/// The longest request line.
const MAX_LINE_BYTES: usize = 512;

/// A request that can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) page: Page,
    /// Whether the client wants no body.
    pub(super) head_only: bool,
}

/// What there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    Health,
    Readiness,
    Metrics,
}

/// Why a request is not answered, as HTTP (RFC 9110, section 15) says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 400
    Malformed,
    /// 404
    NotFound,
    /// 405
    Method,
    /// 414
    TooLong,
    /// 431
    Fields,
    /// 505
    Version,
}

impl Refusal {
    pub(super) fn status(self) -> &'static str {
        match self {
            Self::Malformed => "400 Bad Request",
            Self::NotFound => "404 Not Found",
            Self::Method => "405 Method Not Allowed",
            Self::TooLong => "414 URI Too Long",
            Self::Fields => "431 Request Header Fields Too Large",
            Self::Version => "505 HTTP Version Not Supported",
        }
    }
}

/// Whether this holds a whole head: it ends with an empty line.
pub(super) fn is_whole(head: &[u8]) -> bool {
    head.windows(4).any(|end| end == b"\r\n\r\n")
}

/// Reads the head of a request, or as much of it as the bound allows.
pub(super) fn parse(head: &[u8]) -> Result<Request, Refusal> {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if line.len() > MAX_LINE_BYTES {
        return Err(Refusal::TooLong);
    }
    if !is_whole(head) {
        return Err(Refusal::Fields);
    }
    let line = line.strip_suffix(b"\r").ok_or(Refusal::Malformed)?;
    // Visible characters and single spaces (RFC 9112, section 3).
    if !line.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
        return Err(Refusal::Malformed);
    }
    let line = str::from_utf8(line).map_err(|_| Refusal::Malformed)?;
    let mut words = line.split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Refusal::Malformed);
    };
    match version {
        "HTTP/1.1" | "HTTP/1.0" => {}
        _ if version.starts_with("HTTP/") => return Err(Refusal::Version),
        _ => return Err(Refusal::Malformed),
    }
    let head_only = match method {
        "GET" => false,
        "HEAD" => true,
        _ if method.bytes().all(|byte| byte.is_ascii_uppercase()) && !method.is_empty() => {
            return Err(Refusal::Method);
        }
        _ => return Err(Refusal::Malformed),
    };
    let path = target.split('?').next().unwrap_or_default();
    let page = match path {
        "/healthz" => Page::Health,
        "/readyz" => Page::Readiness,
        "/metrics" => Page::Metrics,
        _ if path.starts_with('/') => return Err(Refusal::NotFound),
        _ => return Err(Refusal::Malformed),
    };
    Ok(Request { page, head_only })
}
