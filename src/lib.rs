//! orgwire makes Salesforce integration trust into code. This page follows one manifest through the
//! program; each stage is a module, and a function from the type on its left to the type on its right.
//!
//! # The life of a manifest
//!
//! A user runs `orgwire deploy manifests/axsy.toml`. [`cli`] reads the words, and [`command`] turns them into
//! calls. From then on only plain values travel.
//!
//! 1. [`project`] finds files and reads them, from disk or from a revision of a git repository: [`files`] is the
//!    door to both. [`configuration`] reads `orgwire.toml`, if there is one.
//! 2. [`manifest`] turns the text of each file into a `Manifest`: what was written, with positions. It knows
//!    the keys from the type descriptions in `templates/`, which [`component`] reads; a single field is a
//!    [`setting`]: plain, `"${...}"`, or `{ env = "NAME" }`.
//! 3. [`resolve`] puts manifests and an environment together into `Desired`: overlays applied, variables
//!    filled in, references checked. What only an org can tell stays a [`reference`](mod@reference); where a secret lives
//!    is known, its text is not ([`secret`]).
//! 4. [`lint`] says everything that can be known to be wrong without an org. Whatever is wrong is a
//!    [`diagnostic`] with a position, and all of them are found before the first is shown.
//!    What a vendor's guide asks for is in [`guide`], whose rules look at orgs as well.
//!    What is a matter of opinion is judged by the levels and waivers of `orgwire.toml`, and by what day it is.
//! 5. [`org`] is the door to the network. Through it, [`wire`] reads what the org has into `Observed`:
//!    components (with [`retrieved`], which reads their XML, and [`companions`], which knows what has to be asked
//!    for along with them), record ids, callback URLs.
//! 6. [`plan`] compares the two with [`diff`] and decides what each pass sends. It is the only module that
//!    knows about passes.
//! 7. [`deploy`] is the only loop: for each pass, [`render`] makes XML through templates, [`package`] zips it
//!    the same way every time, [`org`] sends it, and [`wire`] reads back what the next pass waits for. At the
//!    end the org is read once more: a success is what it holds, not what it answered. If the org refuses,
//!    [`rejection`] finds the manifest line that each of its complaints belongs to, and [`twin`] what to write in place
//!    of an app that is not created any more.
//!    Before it sends anything it writes that down in the [`journal`], so that whatever ends the process, the next run
//!    knows what to ask the org for. What an org's words mean is in the [`dictionary`].
//!    What it is about to change, and what the org was left with, stays in the [`history`]: from there a deployment is
//!    rolled back, and a plan tells what somebody else has changed.
//! 8. [`verify`] judges whether the trust works: what the org holds, what its login servers answer to an app, what only a
//!    person can look at.
//!    What only a person can do is in the [`ledger`], with what people have said to be done.
//!    [`doctor`] judges before that whether the org and the login are fit for it, and afterwards which one cause a symptom has.
//! 9. [`report`] prints: results to standard output, talk to standard error.
//!
//! ```text
//! project ─text─▶ manifest ─Manifest─▶ resolve ─Desired─▶ lint ─▶ Diagnostics
//!                                                 │
//!                           org ─▶ wire ─Observed─┤
//!                                                 ▼
//!                                               plan ─Plan─▶ deploy
//! deploy, for each Pass:
//!    render ─MetadataFiles─▶ package ─Package─▶ org::Writer
//!    org::Reader ─▶ wire ─more Observed─▶ the next Pass
//! ```
//!
//! Between [`plan`] and [`deploy`] there may be days and an approval: a [`saved_plan`] says by [`fingerprint`] what it was made
//! of, and is deployed only as long as that has not moved.
//!
//! # The other way round
//!
//! `orgwire import retrieved/` starts from files that somebody has: [`files`] opens the folder, zip or revision,
//! [`collect`] tells which file is which component and has [`retrieved`] read it, and [`import`] writes the
//! manifest. `orgwire diff` puts any two of these beside each other: what manifests ask for, what files hold, what
//! an org has; `orgwire compare` asks the same of two environments, and [`compare`] tells what was meant from what was not.
//!
//! ```text
//! files ─bytes─▶ collect ─Collected─▶ import ─▶ TOML
//! Desired, Collected, Observed ─▶ diff::Set, twice ─▶ diff ─ComponentChanges─▶ report
//! Desired for each environment, twice ─▶ review ─Review─▶ report
//! ```
//!
//! Where both sides are projects, [`review`] looks at every environment: what a pull request changes, what [`lint`] says
//! about it, and the [`wiring`] as it was and as it will be.
//!
//! # Beside the pipeline
//!
//! [`simulator`] is an org in one process: what `local` is, and what tests talk to. It shares the type
//! descriptions with everything above and nothing else, so that one mistake cannot be right on both sides.
//! [`schema`], [`explain`] and [`handbook`] tell users what the descriptions and diagnostics say; [`layout`] is how
//! a manifest looks that nobody has to argue about.
//!
//! # Who may do what
//!
//! `files`, `journal`, `history`, `ledger::record` and `command` touch the disk, and `files` runs `git`; `secret` reads the process environment, `org`
//! speaks to the network, and for logins to the Salesforce CLI, the system's keyring and a browser that comes back to a
//! port; `report` speaks to the terminal, `simulator` listens on a port. Every other module is a function of its
//! arguments. Only `deploy` is given an `org::Writer`, so nothing else can change an org; only
//! `render` turns a secret into text.

pub mod cli;
pub mod command;

pub mod configuration;
pub mod files;
pub mod project;

pub mod component;
pub mod manifest;
pub mod setting;

pub mod reference;
pub mod resolve;
pub mod secret;

pub mod diagnostic;
pub mod guide;
pub mod lint;

pub mod compare;
pub mod diff;
pub mod fingerprint;
pub mod plan;
pub mod review;
pub mod saved_plan;
pub mod wiring;

pub mod package;
pub mod render;

pub mod companions;
pub mod deploy;
pub mod dictionary;
pub mod doctor;
pub mod history;
pub mod journal;
pub mod ledger;
pub mod org;
pub mod rejection;
pub mod twin;
pub mod verify;
pub mod wire;

pub mod collect;
pub mod import;
pub mod retrieved;

pub mod explain;
pub mod handbook;
pub mod layout;
pub mod report;
pub mod schema;

pub mod simulator;
