//! One event after the other. A panic in a handler costs what it was handling.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crossbeam_channel::{Receiver, after, never, select, unbounded};
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use serde_json::Value;

use crate::analyst::Answer;
use crate::notifications;
use crate::progress;
use crate::requests;
use crate::server::{Asked, Phase, Refusal, Server};
use crate::settings::Host;
use crate::snapshot::Worth;

/// All that can happen.
pub(crate) enum Event {
    Message(Message),
    Answer(Answer),
    /// The pause after a change is over.
    Due,
    /// The client is gone.
    Gone,
}

/// What becomes of the loop.
enum Flow {
    On,
    /// The client said `exit`.
    Exit,
}

/// Serves until the client says `exit` or is gone. True: it said `shutdown` before, as it should.
pub fn serve(connection: Connection, host: Host) -> bool {
    let (events, own) = unbounded();
    let mut server = Server::new(host, connection.sender.clone(), events);
    loop {
        let flow = match next(&connection, &own, server.due) {
            Event::Gone => break,
            event => catch_unwind(AssertUnwindSafe(|| handle(&mut server, event))),
        };
        match flow {
            Ok(Flow::On) => {}
            Ok(Flow::Exit) => break,
            Err(_) => server.log("gupcheck panicked while it handled a message: this is a bug; what was asked is lost"),
        }
    }
    server.close();
    server.phase == Phase::ShutDown
}

fn next(connection: &Connection, own: &Receiver<Event>, due: Option<Instant>) -> Event {
    let pause = due.map_or_else(never, |due| after(due.saturating_duration_since(Instant::now())));
    select! {
        recv(connection.receiver) -> message => message.map_or(Event::Gone, Event::Message),
        recv(own) -> event => event.unwrap_or(Event::Gone),
        recv(pause) -> _ => Event::Due,
    }
}

fn handle(server: &mut Server, event: Event) -> Flow {
    match event {
        Event::Message(Message::Request(request)) => self::request(server, request),
        Event::Message(Message::Notification(notification)) => {
            if let Flow::Exit = self::notification(server, notification) {
                return Flow::Exit;
            }
        }
        Event::Message(Message::Response(response)) => self::response(server, response),
        Event::Answer(answer) => self::answer(server, answer),
        Event::Due => server.hand_out(),
        Event::Gone => return Flow::Exit,
    }
    for waiting in server.ready() {
        requests::now(server, waiting);
    }
    Flow::On
}

fn request(server: &mut Server, request: Request) {
    let id = request.id.clone();
    let refusal = match (server.phase, request.method.as_str()) {
        (Phase::Fresh, "initialize") => {
            let result = requests::initialize::handle(server, &request.params);
            return server.answer(id, Ok(result));
        }
        (Phase::Fresh, _) => Refusal::new(ErrorCode::ServerNotInitialized, "the first request is `initialize`"),
        (Phase::Running, "initialize") => Refusal::new(ErrorCode::InvalidRequest, "`initialize` came before"),
        (Phase::Running, "shutdown") => {
            server.phase = Phase::ShutDown;
            for waiting in server.all_waiting() {
                server.answer(waiting.id, Err(Refusal::new(ErrorCode::ServerCancelled, "the server shuts down")));
            }
            return server.answer(id, Ok(Value::Null));
        }
        (Phase::ShutDown, _) => Refusal::new(ErrorCode::InvalidRequest, "the server was shut down"),
        (Phase::Running, _) => {
            let handled = catch_unwind(AssertUnwindSafe(|| requests::handle(server, request)));
            match handled {
                Ok(()) => return,
                Err(_) => Refusal::new(ErrorCode::InternalError, "gupcheck panicked over this request: this is a bug"),
            }
        }
    };
    server.answer(id, Err(refusal));
}

fn notification(server: &mut Server, notification: Notification) -> Flow {
    match (server.phase, notification.method.as_str()) {
        (_, "exit") => return Flow::Exit,
        (Phase::Running, _) => notifications::handle(server, notification),
        // Nothing is said to notifications that come too early or too late.
        _ => {}
    }
    Flow::On
}

fn response(server: &mut Server, response: Response) {
    let about = server.asked.remove(&response.id);
    if about == Some(Asked::Configuration) {
        notifications::did_change_configuration::answered(server, response.response_result.ok());
    }
}

fn answer(server: &mut Server, answer: Answer) {
    match answer {
        Answer::Auditing(begins) => {
            server.without_tree(false);
            progress::auditing(server, begins);
        }
        Answer::Progress(event) => progress::event(server, &event),
        Answer::Snapshot(snapshot) => {
            snapshot.warnings.iter().for_each(|warning| server.remark(warning));
            match snapshot.worth {
                Worth::Preview => {}
                Worth::UntilHeaders => server.finished_but_for_headers(snapshot.generation),
                Worth::Final => server.finished(snapshot.generation),
            }
            server.snapshot = Some(*snapshot);
            server.mended.clear();
            requests::diagnostic::tell(server);
        }
        Answer::Failed { generation, message } => {
            server.finished(generation);
            server.complain(&message);
        }
        // Newer texts are on their way.
        Answer::Superseded => {}
        Answer::Mended { number, generation, found } => requests::code_action::tried(server, number, generation, found),
        Answer::Concluded(conclusions) => requests::hover::answered(server, Some(conclusions)),
        Answer::Unknown => requests::hover::answered(server, None),
        Answer::NoTree(reason) => {
            server.complain(&reason);
            server.without_tree(true);
            for waiting in server.all_waiting() {
                let refusal = Refusal::new(ErrorCode::RequestFailed, format!("there is no tree: {reason}"));
                server.answer(waiting.id, Err(refusal));
            }
        }
    }
}
