//! A Salesforce org in one process.
#![allow(dead_code)]
mod clock;
mod ids;
mod xml;
