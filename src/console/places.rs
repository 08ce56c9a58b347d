//! Every route of the console as data: the routes are registered from it, the navigation is drawn from it, and the
//! authorization matrix is tested from it.

use actix_web::body::BoxBody;
use actix_web::dev::ServiceRequest;
use actix_web::guard::fn_guard;
use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::middleware::{Next, from_fn};
use actix_web::{HttpRequest, HttpResponse, Route, web};

use crate::console::fault::Fault;
use crate::console::gate;
use crate::console::page;
use crate::console::pages;
use crate::model::role::Role;
use crate::said;

/// Who may go to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Nobody needs to have signed in.
    Anyone,
    /// Whoever has signed in. A rep is shown only what is theirs.
    SignedIn,
    /// Those who work leads: reps (their own), managers and admins.
    Workers,
    /// Those who may read everything: viewers, managers and admins.
    Readers,
    /// Those who change how things work: managers and admins.
    Managers,
    /// Those who let people in.
    Admins,
}

impl Who {
    /// Whether somebody with this role, or nobody known, is let in.
    pub fn admits(self, role: Option<Role>) -> bool {
        match (self, role) {
            (Who::Anyone, _) => true,
            (_, None) => false,
            (Who::SignedIn, Some(_)) => true,
            (Who::Workers, Some(role)) => role != Role::Viewer,
            (Who::Readers, Some(role)) => role != Role::Rep,
            (Who::Managers, Some(role)) => role >= Role::Manager,
            (Who::Admins, Some(role)) => role == Role::Admin,
        }
    }
}

/// An entry of the navigation. Its text is the message `nav-NAME`, its icon the symbol `i-NAME` of `icons.html`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nav {
    pub name: &'static str,
    pub group: Group,
}

/// The parts of the navigation, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What goes on.
    Desk,
    /// What the gateway knows.
    Records,
    /// How it works.
    Rules,
    /// Who may come in.
    House,
}

/// What is done at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// A page is looked at; `HEAD` is answered, too.
    Get,
    /// A form is sent.
    Post,
}

impl Verb {
    /// As it stands in a request.
    pub fn as_str(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::Post => "POST",
        }
    }
}

/// A verb and path, who may go there, and who answers.
#[derive(Clone, Copy)]
pub struct Place {
    pub verb: Verb,
    pub path: &'static str,
    pub who: Who,
    pub nav: Option<Nav>,
    handler: fn(Route) -> Route,
}

/// A page.
pub const fn get(path: &'static str, who: Who, handler: fn(Route) -> Route) -> Place {
    Place {
        verb: Verb::Get,
        path,
        who,
        nav: None,
        handler,
    }
}

/// A form that is sent.
pub const fn post(path: &'static str, who: Who, handler: fn(Route) -> Route) -> Place {
    Place {
        verb: Verb::Post,
        path,
        who,
        nav: None,
        handler,
    }
}

impl Place {
    /// With an entry in the navigation.
    pub const fn named(self, group: Group, name: &'static str) -> Self {
        Place {
            nav: Some(Nav { name, group }),
            ..self
        }
    }
}

/// The places of every page, in the order of the navigation. Of two paths that fit a request, the first counts.
static PAGES: &[&[Place]] = &[
    pages::assets::PLACES,
    pages::sign_in::PLACES,
    pages::setup::PLACES,
    pages::preferences::PLACES,
    pages::overview::PLACES,
    pages::inbox::PLACES,
    pages::replays::PLACES,
    pages::event::PLACES,
    pages::refusals::PLACES,
    pages::assignment::PLACES,
    pages::assignment_rule::PLACES,
    pages::assignment_preview::PLACES,
    pages::assignment_test::PLACES,
    pages::assignment_history::PLACES,
    pages::people::PLACES,
    pages::rep::PLACES,
    pages::team::PLACES,
    pages::lead_why::PLACES,
    pages::accept::PLACES,
    pages::records::PLACES,
    pages::merge::PLACES,
    pages::record::PLACES,
    pages::record_edit::PLACES,
    pages::record_acts::PLACES,
    pages::sources::PLACES,
    pages::playground::PLACES,
    pages::source_sample::PLACES,
    pages::source::PLACES,
    pages::users::PLACES,
    pages::tokens::PLACES,
    pages::audit::PLACES,
    pages::account::PLACES,
    pages::two_step::PLACES,
];

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Place> {
    PAGES.iter().copied().flatten()
}

/// The nearest page at or above a path that somebody of a role may look at: where a form was, as a rule.
pub fn page_above(path: &str, role: Option<Role>) -> &str {
    let is_page = |path: &str| {
        let mut pages = all().filter(|place| place.verb == Verb::Get && place.who.admits(role));
        pages.any(|place| fits(place.path, path))
    };
    let mut above = path;
    while !is_page(above) {
        match above.rsplit_once('/') {
            Some((rest, _)) if !rest.is_empty() => above = rest,
            _ => return "/",
        }
    }
    above
}

/// Whether a path is one of a place's: `/leads/{id}/why`.
fn fits(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(wanted), Some(segment)) if wanted == segment => {}
            (Some(wanted), Some(segment)) if wanted.starts_with('{') && !segment.is_empty() => {}
            _ => return false,
        }
    }
}

/// Registers them, each behind the gate.
pub fn register(config: &mut web::ServiceConfig) {
    config.app_data(web::QueryConfig::default().error_handler(|error, _| {
        let cause = error.to_string();
        Fault::Senseless(said!(
            "bad-address",
            "the address cannot be read: {cause}",
            cause = cause
        ))
        .into()
    }));
    let mut paths: Vec<&'static str> = Vec::new();
    for place in all() {
        if !paths.contains(&place.path) {
            paths.push(place.path);
        }
    }
    for path in paths {
        config.service(resource(path));
    }
    let of_browser = fn_guard(|context| {
        let head = context.head();
        head.method == Method::GET && gate::wants_page(head.headers())
    });
    let nowhere = web::resource(NOWHERE.path).guard(of_browser);
    config.service(nowhere.route(gated(&NOWHERE, Method::GET)));
}

/// Where a browser ends up that asks for what is not there; others hear it from whoever answers last.
static NOWHERE: Place = get("/{path:.*}", Who::Anyone, |route| route.to(nowhere));

async fn nowhere() -> Result<HttpResponse, Fault> {
    Err(Fault::Missing)
}

/// All methods of one path; any other is answered with those that exist.
fn resource(path: &'static str) -> actix_web::Resource {
    let mut resource = web::resource(path);
    let mut allowed = Vec::new();
    for place in all().filter(|place| place.path == path) {
        allowed.push(place.verb.as_str());
        resource = match place.verb {
            Verb::Get => resource
                .route(gated(place, Method::GET))
                .route(gated(place, Method::HEAD)),
            Verb::Post => resource.route(gated(place, Method::POST)),
        };
    }
    let allowed = allowed.join(", ");
    resource.default_service(web::to(move |request: HttpRequest| {
        let is_browser = request.method() == Method::GET && gate::wants_page(request.headers());
        let answer = match is_browser {
            // The address of a form that was sent, opened again.
            true => page::onward(page_above(request.path(), Some(Role::Viewer))),
            false => HttpResponse::MethodNotAllowed()
                .insert_header((ALLOW, allowed.as_str()))
                .finish(),
        };
        std::future::ready(answer)
    }))
}

fn gated(place: &'static Place, method: Method) -> Route {
    (place.handler)(web::method(method)).wrap(from_fn(
        move |request: ServiceRequest, next: Next<BoxBody>| gate::admit(place, request, next),
    ))
}

#[cfg(test)]
mod tests {
    use super::page_above;
    use crate::model::role::Role;

    #[test]
    fn a_form_leads_back_to_its_page() {
        for (path, role, expected) in [
            ("/leads/7/notes", Role::Rep, "/leads/7"),
            (
                "/assignment/reps/ana/remove",
                Role::Admin,
                "/assignment/reps/ana",
            ),
            ("/assignment/publish", Role::Manager, "/assignment"),
            ("/inbox/release", Role::Rep, "/"),
            ("/users", Role::Admin, "/users"),
            ("/nowhere/at/all", Role::Admin, "/"),
        ] {
            assert_eq!(page_above(path, Some(role)), expected, "{path}");
        }
    }
}
