//! A small browser for the local org's pages: it keeps cookies, follows redirects, and fills in forms by the labels that
//! people read.

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

    fn main(&self) -> &str {
        self.html.split_once("<main>").unwrap().1
    }

    /// The first form of the page itself.
    pub fn form(&self) -> Form {
        Form::read(between(self.main(), "<form ", "</form>").unwrap())
    }

    /// The button to log out with stands above the page itself.
    pub fn form_in_navigation(&self) -> Form {
        Form::read(between(&self.html, "<form ", "</form>").unwrap())
    }

    /// The form that this button sends; a button may say of what it is.
    #[track_caller]
    pub fn form_with(&self, button: &str) -> Form {
        let forms = self.main().split("<form ").skip(1).map(|form| form.split_once("</form>").unwrap().0);
        let named = format!("aria-label=\"{button}\"");
        let mut found =
            forms.filter(|form| form.contains(&format!(">{button}</button>")) || form.contains(&named));
        let form =
            found.next().unwrap_or_else(|| panic!("{} has no button {button:?}\n{}", self.url, self.html));
        Form::read(form)
    }

    pub fn has_link(&self, text: &str) -> bool {
        self.html.contains(&format!(">{text}</a>"))
    }

    /// Where a link in the page itself leads.
    #[track_caller]
    pub fn link(&self, text: &str) -> String {
        let found = self.main().split_once(&format!(">{text}</a>"));
        let (before, _) = found.unwrap_or_else(|| panic!("{} has no link {text:?}\n{}", self.url, self.html));
        unescaped(before.rsplit_once("href=\"").unwrap().1.split('"').next().unwrap())
    }

    /// What stands beside a name in a table of details.
    #[track_caller]
    pub fn detail(&self, name: &str) -> String {
        let row = between(self.main(), &format!("<th scope=\"row\">{name}</th><td>"), "</td>");
        unescaped(row.unwrap_or_else(|| panic!("{} tells no {name:?}\n{}", self.url, self.html)))
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    text.split_once(start)?.1.split_once(end).map(|(inside, _)| inside)
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&quot;", "\"").replace("&#39;", "'");
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// The value of an attribute of a tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    between(tag, &format!(" {name}=\""), "\"").map(unescaped)
}

fn is_set(tag: &str, name: &str) -> bool {
    tag.split_whitespace().any(|word| word == name)
}

/// A form, with what is filled in so far.
#[derive(Debug, Clone)]
pub struct Form {
    action: String,
    controls: Vec<Control>,
}

#[derive(Debug, Clone)]
struct Control {
    name: String,
    /// Empty for what nobody sees.
    label: String,
    kind: Kind,
    values: Vec<String>,
}

#[derive(Debug, Clone)]
enum Kind {
    Text,
    /// What it is sent as when it is on.
    Switch(String),
    /// Values with what people read.
    One(Vec<(String, String)>),
    Several(Vec<(String, String)>),
}

impl Form {
    /// From what stands between `<form ` and `</form>`.
    fn read(form: &str) -> Form {
        let mut controls = Vec::new();
        for tag in form.split('<') {
            let Some(name) = attribute(tag, "name") else { continue };
            let id = attribute(tag, "id");
            let label = id.and_then(|id| between(form, &format!("<label for=\"{id}\">"), "</label>"));
            let label = label.map(unescaped).unwrap_or_default();
            let value = attribute(tag, "value");
            let (kind, values) = if tag.starts_with("select") {
                let options = between(form, tag, "</select>").unwrap();
                choice(options, is_set(tag, "multiple"))
            } else if tag.starts_with("textarea") {
                // No tag stands in it, and its first line break does not count.
                let text = tag.split_once(">\n").map(|(_, text)| unescaped(text)).unwrap_or_default();
                (Kind::Text, vec![text])
            } else if tag.contains("type=\"checkbox\"") {
                let on = value.unwrap_or_else(|| "on".to_owned());
                let is_on = is_set(tag.split('>').next().unwrap(), "checked");
                let values = if is_on { vec![on.clone()] } else { Vec::new() };
                (Kind::Switch(on), values)
            } else if tag.starts_with("input") {
                (Kind::Text, vec![value.unwrap_or_default()])
            } else {
                continue; // a button that was not pressed
            };
            controls.push(Control { name, label, kind, values });
        }
        Form { action: unescaped(between(form, "action=\"", "\"").unwrap()), controls }
    }

    #[track_caller]
    fn control(&mut self, label: &str) -> &mut Control {
        let labels: Vec<_> = self.controls.iter().map(|control| control.label.clone()).collect();
        let found = self.controls.iter_mut().find(|control| control.label == label);
        found.unwrap_or_else(|| panic!("no {label:?} among {labels:?}"))
    }

    pub fn has(&self, label: &str) -> bool {
        self.controls.iter().any(|control| control.label == label)
    }

    /// What stands there now.
    #[track_caller]
    pub fn shows(&mut self, label: &str) -> Vec<String> {
        self.control(label).values.clone()
    }

    #[track_caller]
    pub fn fill(mut self, label: &str, text: &str) -> Form {
        let control = self.control(label);
        assert!(matches!(control.kind, Kind::Text), "{control:?}");
        control.values = vec![text.to_owned()];
        self
    }

    #[track_caller]
    pub fn tick(self, label: &str) -> Form {
        self.switch(label, true)
    }

    #[track_caller]
    pub fn switch(mut self, label: &str, is_on: bool) -> Form {
        let control = self.control(label);
        let Kind::Switch(on) = &control.kind else { panic!("{control:?}") };
        control.values = if is_on { vec![on.clone()] } else { Vec::new() };
        self
    }

    /// Chooses exactly these, by what people read.
    #[track_caller]
    pub fn choose(mut self, label: &str, texts: &[&str]) -> Form {
        let control = self.control(label);
        let options = match &control.kind {
            Kind::Several(options) => options,
            Kind::One(options) if texts.len() == 1 => options,
            _ => panic!("{control:?}"),
        };
        let value = |text: &&str| {
            let found = options.iter().find(|(_, shown)| shown == text);
            found.unwrap_or_else(|| panic!("no {text:?} among {options:?}")).0.clone()
        };
        control.values = texts.iter().map(value).collect();
        self
    }

    /// By its name, whatever kind of input it is, or with a button pressed.
    pub fn with(mut self, name: &str, value: &str) -> Form {
        self.controls.retain(|control| control.name != name);
        self.controls.push(Control {
            name: name.to_owned(),
            label: String::new(),
            kind: Kind::Text,
            values: vec![value.to_owned()],
        });
        self
    }

    /// The same, sent elsewhere: what a forged form is.
    pub fn sent_to(&self, address: &str) -> Form {
        Form { action: address.to_owned(), ..self.clone() }
    }

    fn pairs(&self) -> Vec<(String, String)> {
        let pairs = self.controls.iter();
        pairs
            .flat_map(|control| control.values.iter().map(|value| (control.name.clone(), value.clone())))
            .collect()
    }
}

fn choice(options: &str, is_multiple: bool) -> (Kind, Vec<String>) {
    let mut all = Vec::new();
    let mut chosen = Vec::new();
    for option in options.split("<option ").skip(1) {
        let (tag, text) = option.split_once('>').unwrap();
        let text = unescaped(text.split_once("</option>").unwrap().0);
        let value = attribute(&format!(" {tag}"), "value").unwrap_or_else(|| text.clone());
        if is_set(tag, "selected") {
            chosen.push(value.clone());
        }
        all.push((value, text));
    }
    if is_multiple {
        return (Kind::Several(all), chosen);
    }
    if chosen.is_empty() {
        chosen.extend(all.first().map(|(value, _)| value.clone()));
    }
    (Kind::One(all), chosen)
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

    /// A browser whose user is logged in as the administrator.
    pub fn logged_in(org: &Org) -> Browser {
        let browser = Browser::of(org);
        browser.log_in(org, "/");
        browser
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

    /// A list of Setup, by the name in its address.
    pub fn setup(&self, page: &str) -> Page {
        self.open(&format!("/lightning/setup/{page}/home"))
    }

    /// Follows a link.
    #[track_caller]
    pub fn click(&self, page: &Page, link: &str) -> Page {
        self.open(&page.link(link))
    }

    /// Sends the first form of a page, with these values by name.
    pub fn send(&self, page: &Page, filled: &[(&str, &str)]) -> Page {
        self.submit(&filled.iter().fold(page.form(), |form, (name, value)| form.with(name, value)))
    }

    /// The same, up to where the org sends the browser next.
    pub fn sent_on(&self, page: &Page, filled: &[(&str, &str)]) -> String {
        let form = filled.iter().fold(page.form(), |form, (name, value)| form.with(name, value));
        let (page, next) = self.request(&self.whole(&form.action), Some(&form.pairs()));
        next.unwrap_or_else(|| panic!("{} stays at {}\n{}", page.status, page.url, page.html))
    }

    pub fn submit(&self, form: &Form) -> Page {
        self.follow(&form.action, Some(&form.pairs()))
    }

    pub fn log_in(&self, org: &Org, target: &str) -> Page {
        self.log_in_as(org.username(), &org.password(), target)
    }

    pub fn log_in_as(&self, username: &str, password: &str, target: &str) -> Page {
        let page = self.open(target);
        assert_eq!(page.heading(), "Log In to the local org");
        self.submit(&page.form().fill("Username", username).fill("Password", password))
    }

    pub fn follow(&self, address: &str, form: Option<&[(String, String)]>) -> Page {
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

    fn request(&self, url: &str, form: Option<&[(String, String)]>) -> (Page, Option<String>) {
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
            if location.is_none() && url.starts_with(&self.base) {
                page.says("This is the local org, a simulation. It is not Salesforce.");
                page.hides("<script");
            }
            (page, location)
        })
    }
}
