//! One thing to ask of an org: where, with what, how long to wait, and what it means when no answer comes.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Method, Url};

use super::error::Left;

const ANSWER_WITHIN: Duration = Duration::from_secs(120);
const LONGEST_ANSWER: usize = 64 << 20;

/// What a request carries. `Bytes`, because a repeated request shares them, and because their owner wipes them.
#[derive(Clone)]
pub(super) enum Payload {
    None,
    Json(Bytes),
    /// The body of a call. Its envelope holds the token, and is made when it is sent.
    Soap(Bytes),
    /// The two parts of a REST deployment (MD-1).
    Package {
        options: Bytes,
        zip: Bytes,
    },
}

/// What the answer should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Json,
    Xml,
    /// For people.
    Page,
}

impl Wanted {
    pub fn name(self) -> &'static str {
        match self {
            Wanted::Json => "JSON",
            Wanted::Xml => "XML",
            Wanted::Page => "a page",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Wanted::Json => "application/json",
            Wanted::Xml => "text/xml",
            Wanted::Page => "text/html",
        }
    }
}

#[derive(Clone)]
pub(super) struct Request {
    pub method: Method,
    pub url: Url,
    pub payload: Payload,
    /// As in "deploy to org `uat`".
    pub doing: String,
    pub wanted: Wanted,
    /// The token goes along.
    pub authorized: bool,
    /// Sending it twice does no harm.
    pub again: bool,
    pub answer_within: Duration,
    pub longest_answer: usize,
    pub if_refused: Left,
    pub if_lost: Left,
}

impl Request {
    /// A request that only reads, and may be repeated.
    pub fn new(method: Method, url: Url, doing: String, payload: Payload, wanted: Wanted) -> Request {
        Request {
            method,
            url,
            payload,
            doing,
            wanted,
            authorized: true,
            again: true,
            answer_within: ANSWER_WITHIN,
            longest_answer: LONGEST_ANSWER,
            if_refused: Left::Reading,
            if_lost: Left::Reading,
        }
    }

    /// The token goes along, in a header or in the envelope.
    pub fn carries_token(&self) -> bool {
        self.authorized || matches!(self.payload, Payload::Soap(_))
    }

    /// Not sent again by itself: the caller does that, or nobody may.
    pub fn only_once(mut self) -> Request {
        self.again = false;
        self
    }

    pub fn without_token(mut self) -> Request {
        self.authorized = false;
        self
    }

    pub fn answer_within(mut self, time: Duration) -> Request {
        self.answer_within = time;
        self
    }

    pub fn longest_answer(mut self, bytes: usize) -> Request {
        self.longest_answer = bytes;
        self
    }

    /// What a failure leaves behind: when the org says no, and when its answer is lost.
    pub fn leaving(mut self, if_refused: Left, if_lost: Left) -> Request {
        self.if_refused = if_refused;
        self.if_lost = if_lost;
        self
    }
}
