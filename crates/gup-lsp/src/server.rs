//! The server's state, and what all handlers use: sending, the texts, the last snapshot, requests that wait for one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use gen_lsp_types::Diagnostic;
use gup_driver::Conclusions;
use gup_report::report::Suggestion;
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::analyst::{Analyst, Job, Texts};
use crate::client::Client;
use crate::convert::Converter;
use crate::documents::Documents;
use crate::main_loop::Event;
use crate::pages;
use crate::progress::Progress;
use crate::requests::{code_action, hover};
use crate::settings::{self, Host, Settings};
use crate::snapshot::{Snapshot, Worth};

/// How far the conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Before `initialize`.
    Fresh,
    Running,
    /// After `shutdown`.
    ShutDown,
}

pub(crate) struct Server {
    pub(crate) host: Host,
    pub(crate) phase: Phase,
    pub(crate) client: Client,
    pub(crate) documents: Documents,
    pub(crate) snapshot: Option<Snapshot>,
    pub(crate) progress: Progress,
    pub(crate) settings: Option<Settings>,
    /// What the client set after `initialize`.
    pub(crate) given: Map<String, Value>,
    /// When the texts go to the analyst, if they changed.
    pub(crate) due: Option<Instant>,
    analyst: Option<Analyst>,
    /// Of the texts that were handed out last.
    generation: u64,
    /// The newest generation that came to an end, one way or another.
    finished: Option<u64>,
    /// The same, but that headers were as before: how they are now is still to be told.
    finished_but_for_headers: Option<u64>,
    /// There is no tree to wait for.
    is_without_tree: bool,
    /// By URI, as the client has them; never empty lists.
    told: BTreeMap<String, Vec<Diagnostic>>,
    /// Requests that wait for the analysis of a generation.
    waiting: Vec<Request>,
    /// What the last analysis found out about functions.
    pub(crate) conclusions: Option<Arc<Conclusions>>,
    /// They wait for it.
    pub(crate) hovers: Vec<hover::Asked>,
    /// Code actions whose edits are being tried.
    pub(crate) actions: BTreeMap<u64, code_action::Asked>,
    /// What was tried for the last snapshot: fingerprint and line of a finding, and the edits that mend it.
    pub(crate) mended: BTreeMap<(String, u32), Option<Suggestion>>,
    /// Of what the analyst was asked.
    pub(crate) next_number: u64,
    pages: Option<PathBuf>,
    sender: Sender<Message>,
    events: Sender<Event>,
    /// Requests of ours that the client has not answered.
    pub(crate) asked: BTreeMap<RequestId, Asked>,
    next_id: i32,
    complaints: BTreeSet<String>,
}

/// What a request of ours was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Configuration,
    /// Its answer says nothing.
    Other,
}

/// An error for the client.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Refusal {
        Refusal { code, message: message.into() }
    }
}

impl Server {
    pub(crate) fn new(host: Host, sender: Sender<Message>, events: Sender<Event>) -> Server {
        Server {
            host,
            phase: Phase::Fresh,
            client: Client::of(&Value::Null),
            documents: Documents::default(),
            snapshot: None,
            progress: Progress::default(),
            settings: None,
            given: Map::new(),
            due: None,
            analyst: None,
            generation: 0,
            finished: None,
            finished_but_for_headers: None,
            is_without_tree: false,
            told: BTreeMap::new(),
            waiting: Vec::new(),
            conclusions: None,
            hovers: Vec::new(),
            actions: BTreeMap::new(),
            mended: BTreeMap::new(),
            next_number: 0,
            pages: None,
            sender,
            events,
            asked: BTreeMap::new(),
            next_id: 0,
            complaints: BTreeSet::new(),
        }
    }

    // Talking

    pub(crate) fn notify(&self, method: &str, params: impl Serialize) {
        let params = serde_json::to_value(params).unwrap_or_default();
        let _ = self.sender.send(Message::Notification(Notification { method: method.to_owned(), params }));
    }

    pub(crate) fn request(&mut self, method: &str, params: impl Serialize, about: Asked) {
        self.next_id += 1;
        let id = RequestId::from(self.next_id);
        let params = serde_json::to_value(params).unwrap_or_default();
        self.asked.insert(id.clone(), about);
        let _ = self.sender.send(Message::Request(Request { id, method: method.to_owned(), params }));
    }

    pub(crate) fn answer(&self, id: RequestId, result: Result<Value, Refusal>) {
        let response = match result {
            Ok(value) => Response { id, response_result: Ok(value) },
            Err(Refusal { code, message }) => Response::new_err(id, code as i32, message),
        };
        let _ = self.sender.send(Message::Response(response));
    }

    /// For the user's eyes; each sentence once.
    pub(crate) fn complain(&mut self, message: &str) {
        if self.complaints.insert(message.to_owned()) {
            self.notify("window/showMessage", serde_json::json!({ "type": 2, "message": format!("gupcheck: {message}") }));
        }
    }

    /// For the log; each sentence once.
    pub(crate) fn remark(&mut self, message: &str) {
        if self.complaints.insert(message.to_owned()) {
            self.log(&format!("gupcheck: {message}"));
        }
    }

    pub(crate) fn log(&self, message: &str) {
        self.notify("window/logMessage", serde_json::json!({ "type": 4, "message": message }));
    }

    // The tree

    /// Opens the tree, or opens it anew with other settings.
    pub(crate) fn open(&mut self) {
        if let Some(analyst) = self.analyst.take() {
            analyst.dismiss();
        }
        self.finished = None;
        self.finished_but_for_headers = None;
        self.is_without_tree = false;
        // Until a file says which tree is meant.
        self.is_without_tree = true;
        let Some(request) = self.settings_request() else { return };
        let settings = match (self.host.settings)(&request) {
            Ok(settings) => settings,
            Err(reason) => return self.complain(&reason),
        };
        self.is_without_tree = false;
        self.pages = pages::write(&settings);
        let events = self.events.clone();
        let analyst = Analyst::start(settings.clone(), self.host.today, move |answer| _ = events.send(Event::Answer(answer)));
        self.settings = Some(settings);
        self.analyst = Some(analyst);
        self.conclusions = None;
        if !self.hovers.is_empty() {
            self.ask(Job::Conclude);
        }
        if self.documents.iter().next().is_some() {
            self.hand_out();
        }
    }

    /// Baseline or suppressions are others now; the tree is not.
    pub(crate) fn read_known(&mut self) {
        let Some(request) = self.settings_request() else { return };
        match (self.host.settings)(&request) {
            Ok(settings) => {
                self.ask(Job::Known(settings.known.clone()));
                self.settings = Some(settings);
                self.changed(Duration::ZERO);
            }
            Err(reason) => self.complain(&reason),
        }
    }

    fn settings_request(&self) -> Option<settings::Request> {
        let mut given = self.client.options.clone();
        given.extend(self.given.clone());
        let opened = self.documents.iter().next().and_then(|(_, document)| document.path.parent().map(PathBuf::from));
        Some(settings::Request { folder: self.client.root.clone().or(opened)?, given })
    }

    pub(crate) fn close(&mut self) {
        if let Some(analyst) = self.analyst.take() {
            analyst.end();
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.analyst.is_some()
    }

    /// The settings are not known yet.
    pub(crate) fn is_asking(&self) -> bool {
        self.asked.values().any(|about| *about == Asked::Configuration)
    }

    pub(crate) fn ask(&self, job: Job) -> bool {
        self.analyst.as_ref().map(|analyst| analyst.ask(job)).is_some()
    }

    /// A number for a question to the analyst.
    pub(crate) fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    // The texts

    /// A text changed: it is analysed after a pause, in which more may change.
    pub(crate) fn changed(&mut self, pause: Duration) {
        let due = Instant::now() + pause;
        self.due = Some(self.due.map_or(due, |known| known.min(due)));
    }

    /// Gives the texts to the analyst.
    pub(crate) fn hand_out(&mut self) {
        self.due = None;
        self.generation += 1;
        self.ask(Job::Analyse(Texts { generation: self.generation, documents: self.documents.texts() }));
    }

    /// Nothing is to come that would say more.
    pub(crate) fn is_current(&self) -> bool {
        let is_finished = self.due.is_none() && self.finished.is_some_and(|finished| finished >= self.generation);
        is_finished || self.is_without_tree
    }

    /// The analysis of these texts is over.
    pub(crate) fn finished(&mut self, generation: u64) {
        self.finished = self.finished.max(Some(generation));
    }

    pub(crate) fn finished_but_for_headers(&mut self, generation: u64) {
        self.finished_but_for_headers = self.finished_but_for_headers.max(Some(generation));
    }

    /// What is known is enough for an answer. Who hears when it is time to ask again need not wait for headers.
    pub(crate) fn can_answer(&self, method: &str) -> bool {
        let hears = self.client.refreshes_diagnostics && matches!(method, "textDocument/diagnostic" | "workspace/diagnostic");
        let is_known = self.due.is_none() && self.finished_but_for_headers.is_some_and(|known| known >= self.generation);
        self.is_current() || (hears && is_known)
    }

    /// Nothing that waits for a tree will be answered by one.
    pub(crate) fn without_tree(&mut self, is_without: bool) {
        self.is_without_tree = is_without;
    }

    /// The document is as it was analysed.
    pub(crate) fn is_analysed(&self, name: &str) -> bool {
        let version = self.documents.get(name).map(|document| document.version);
        self.is_current() || self.snapshot.as_ref().is_some_and(|snapshot| snapshot.versions.get(name).copied() == version)
    }

    // Requests that wait

    pub(crate) fn wait(&mut self, request: Request) {
        self.waiting.push(request);
    }

    /// True: it was waiting, and is not any more.
    pub(crate) fn forget(&mut self, id: &RequestId) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| waiting.id != *id);
        before != self.waiting.len()
    }

    /// Those that can be answered now.
    pub(crate) fn ready(&mut self) -> Vec<Request> {
        let waiting = std::mem::take(&mut self.waiting);
        let (ready, waiting) = waiting.into_iter().partition(|request| self.can_answer(&request.method));
        self.waiting = waiting;
        ready
    }

    pub(crate) fn all_waiting(&mut self) -> Vec<Request> {
        std::mem::take(&mut self.waiting)
    }

    // Diagnostics

    pub(crate) fn converter(&self) -> Option<Converter<'_>> {
        let snapshot = self.snapshot.as_ref()?;
        Some(Converter { snapshot, documents: &self.documents, encoding: self.client.encoding, pages: self.pages.as_deref() })
    }

    pub(crate) fn told(&self) -> &BTreeMap<String, Vec<Diagnostic>> {
        &self.told
    }

    /// The last snapshot's diagnostics become what the client is told; gives the names of those that changed.
    pub(crate) fn retell(&mut self) -> BTreeSet<String> {
        let Some(converter) = self.converter() else { return BTreeSet::new() };
        let mut all = converter.diagnostics();
        if converter.snapshot.worth == Worth::Preview {
            let others = self.told.iter().filter(|(name, _)| self.documents.get(name).is_none());
            all.extend(others.map(|(name, list)| (name.clone(), list.clone())));
        }
        let names: BTreeSet<String> = all.keys().chain(self.told.keys()).cloned().collect();
        let changed = names.into_iter().filter(|name| all.get(name) != self.told.get(name)).collect();
        self.told = all;
        changed
    }
}
