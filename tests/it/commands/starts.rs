//! `serve`: refuses with every problem, says one line, stops cleanly; and the page at `/`.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::commands::{frontdesk, works};
use crate::process::{Gateway, lead, read_answer, signed, write_config};

#[test]
fn nothing_starts_while_anything_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    write_config(
        folder.path(),
        "colour = \"red\"\n\n[[endpoint]]\nname = \"shop\"\nsource = \"shopfy\"\nsecrets = [\"long-enough-secret\"]\n",
    );
    let said = frontdesk(folder.path(), &["serve"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(said.out, "");
    assert!(
        said.err.contains("frontdesk.toml:14") && said.err.contains("colour"),
        "{said:?}"
    );
    write_config(
        folder.path(),
        "\n[[endpoint]]\nname = \"a\"\nsource = \"shopfy\"\nsecrets = [\"long-enough-secret\"]\n\n[[endpoint]]\nname = \"b\"\nsource = \"shopify\"\n",
    );
    let said = frontdesk(folder.path(), &["serve"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.err.contains("shopify") && said.err.contains("no secret"),
        "every problem at once: {said:?}"
    );
    assert!(said.err.contains("nothing was started"), "{said:?}");
}

#[test]
fn a_taken_address_and_a_store_in_use_are_said() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "");
    let gateway = Gateway::start(folder.path());
    let said = frontdesk(folder.path(), &["serve"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("another gateway"), "{said:?}");
    let other = tempfile::tempdir().unwrap();
    write_config(other.path(), "");
    let said = frontdesk(
        other.path(),
        &["serve", "--listen", &gateway.address.to_string()],
    );
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("cannot listen on"), "{said:?}");
}

#[test]
fn it_answers_at_its_doors_and_ends_well() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "");
    let mut gateway = Gateway::start(folder.path());
    let page = gateway.call("GET", "/", "accept: text/html\r\n", "");
    assert_eq!(page.unwrap().status, 303, "people sign in first");
    for (path, status) in [
        ("/sign-in", 200),
        ("/healthz", 200),
        ("/readyz", 200),
        ("/openapi.json", 200),
        ("/api/v1/openapi.json", 200),
    ] {
        assert_eq!(
            gateway.call("GET", path, "", "").unwrap().status,
            status,
            "{path}"
        );
    }
    assert_eq!(gateway.terminate(), Some(0), "SIGTERM ends it well");
}

#[test]
fn a_request_in_flight_is_finished_before_the_end() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "");
    let mut gateway = Gateway::start(folder.path());
    let body = lead(1);
    let (first, rest) = body.split_at(20);
    let mut stream = TcpStream::connect(gateway.address).unwrap();
    let head = format!(
        "POST /hooks/crm HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n{}content-length: {}\r\n\r\n",
        signed("msg_1", &body),
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The gateway asks for the body: it is reading this request now.
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).unwrap();
    assert!(
        asked.starts_with(b"HTTP/1.1 100"),
        "{:?}",
        String::from_utf8_lossy(&asked)
    );
    stream.write_all(first.as_bytes()).unwrap();
    let ended = std::thread::scope(|scope| {
        let ended = scope.spawn(|| gateway.terminate());
        // New connections are refused as soon as it has heard the signal.
        while TcpStream::connect(address(&stream)).is_ok() {
            std::thread::yield_now();
        }
        stream.write_all(rest.as_bytes()).unwrap();
        let answer = read_answer(&mut stream).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        ended.join().unwrap()
    });
    assert_eq!(ended, Some(0));
    let listed = works(folder.path(), &["events", "list", "--json"]);
    assert!(
        listed.contains("msg_1"),
        "what was acknowledged is there: {listed}"
    );
}

fn address(stream: &TcpStream) -> std::net::SocketAddr {
    stream.peer_addr().unwrap()
}

#[test]
fn usage_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, code, words) in [
        (vec!["--help"], 0, "Run the gateway"),
        (vec!["--version"], 0, "frontdesk 0."),
        (vec!["try", "--help"], 0, "--fetched"),
    ] {
        let said = frontdesk(folder.path(), &arguments);
        assert_eq!(said.code, code, "{arguments:?}: {said:?}");
        assert!(said.out.contains(words), "{arguments:?}: {said:?}");
    }
    for arguments in [
        vec![],
        vec!["srve"],
        vec!["serve", "--port", "1"],
        vec!["serve", "--demo", "--config", "x"],
    ] {
        let said = frontdesk(folder.path(), &arguments);
        assert_eq!(said.code, 1, "{arguments:?}: {said:?}");
        assert!(!said.err.is_empty());
    }
}
