//! A small browser for the local org's pages: it keeps cookies, follows redirects, and sends the forms it was shown.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::simulated::Org;

/// No page here is more redirects away.
const MOST_REDIRECTS: usize = 10;

/// What a browser shows.
pub struct Page {
    pub status: u16,
    pub url: String,
    pub html: String,
}

impl Page {
    #[track_caller]
    pub fn says(&self, text: &str) -> &Page {
        assert!(self.html.contains(text), "{} {} lacks {text:?}\n{}", self.status, self.url, self.html);
        self
    }

    #[track_caller]
    pub fn hides(&self, text: &str) -> &Page {
        assert!(!self.html.contains(text), "{} {} tells {text:?}", self.status, self.url);
        self
    }

    pub fn heading(&self) -> &str {
        between(&self.html, "<h1>", "</h1>").unwrap_or_default()
    }

    /// Where the form in the page itself goes, and what is in it that nobody has to fill in.
    pub fn form(&self) -> (String, BTreeMap<String, String>) {
        let (_, main) = self.html.split_once("<main>").unwrap();
        let form = between(main, "<form ", "</form>").unwrap();
        let action = unescaped(between(form, "action=\"", "\"").unwrap());
        let hidden = form.split("<input type=\"hidden\" ").skip(1).map(|input| {
            let part = |name: &str| unescaped(between(input, &format!("{name}=\""), "\"").unwrap());
            (part("name"), part("value"))
        });
        (action, hidden.collect())
    }

    /// Where a link leads.
    pub fn link(&self, text: &str) -> String {
        let (before, _) = self.html.split_once(&format!(">{text}</a>")).unwrap();
        unescaped(before.rsplit_once("href=\"").unwrap().1.trim_end_matches('"'))
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    text.split_once(start)?.1.split_once(end).map(|(inside, _)| inside)
}

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

pub struct Browser {
    client: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    base: String,
    pub cookies: RefCell<BTreeMap<String, String>>,
}

impl Browser {
    pub fn of(org: &Org) -> Browser {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Browser {
            client: reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap(),
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
            base: org.instance_url().to_owned(),
            cookies: RefCell::default(),
        }
    }

    /// Opens a page, by its path or its whole address.
    pub fn open(&self, address: &str) -> Page {
        self.follow(address, None)
    }

    /// One request: the page, or where the org sends the browser instead.
    pub fn once(&self, address: &str) -> Result<Page, String> {
        let (page, next) = self.request(&self.whole(address), None);
        next.map_or(Ok(page), Err)
    }

    /// Sends the form of a page, filled in.
    pub fn send(&self, page: &Page, filled: &[(&str, &str)]) -> Page {
        let (action, mut form) = page.form();
        form.extend(filled.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.follow(&action, Some(&form))
    }

    /// The same, up to where the org sends the browser next.
    pub fn sent_on(&self, page: &Page, filled: &[(&str, &str)]) -> String {
        let (action, mut form) = page.form();
        form.extend(filled.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let (page, next) = self.request(&self.whole(&action), Some(&form));
        next.unwrap_or_else(|| panic!("{} stays at {}\n{}", page.status, page.url, page.html))
    }

    pub fn log_in(&self, org: &Org, target: &str) -> Page {
        let page = self.open(target);
        assert_eq!(page.heading(), "Log In to the local org");
        self.send(&page, &[("username", org.username()), ("password", &org.password())])
    }

    pub fn follow(&self, address: &str, form: Option<&BTreeMap<String, String>>) -> Page {
        let mut form = form;
        let mut url = self.whole(address);
        for _ in 0..MOST_REDIRECTS {
            let (page, next) = self.request(&url, form);
            match next {
                Some(next) => url = self.whole(&next),
                None => return page,
            }
            form = None;
        }
        panic!("{address} leads in a circle");
    }

    fn whole(&self, address: &str) -> String {
        if address.starts_with('/') { format!("{}{address}", self.base) } else { address.to_owned() }
    }

    fn request(&self, url: &str, form: Option<&BTreeMap<String, String>>) -> (Page, Option<String>) {
        let request = match form {
            Some(form) => self.client.post(url).form(form),
            None => self.client.get(url),
        };
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.runtime.block_on(async {
            let answer = request.header("Cookie", cookies.join("; ")).send().await.unwrap();
            for line in answer.headers().get_all("set-cookie") {
                let line = line.to_str().unwrap();
                assert!(line.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{line}");
                let (name, value) = line.split_once(';').unwrap().0.split_once('=').unwrap();
                self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
            }
            let location = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
            let status = answer.status().as_u16();
            let page = Page { status, url: url.to_owned(), html: answer.text().await.unwrap() };
            if location.is_none() {
                page.says("This is the local org, a simulation. It is not Salesforce.");
                page.hides("<script");
            }
            (page, location)
        })
    }
}
