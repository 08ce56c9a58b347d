//! Styles and modules over HTTP.

use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::console::assets;
use crate::console::fault::Fault;
use crate::console::places::{Place, Who, get};

pub const PLACES: &[Place] = &[get("/assets/{folder}/{name}", Who::Anyone, |route| {
    route.to(show)
})];

async fn show(
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Fault> {
    let (folder, name) = path.into_inner();
    let asset = assets::find(&folder, &name).ok_or(Fault::Missing)?;
    let tag = format!("\"{folder}\"");
    let known = request.headers().get(IF_NONE_MATCH);
    let fresh = known.is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut answer = match fresh {
        true => HttpResponse::NotModified(),
        false => HttpResponse::Ok(),
    };
    answer
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((ETAG, tag));
    match fresh {
        true => Ok(answer.finish()),
        false => Ok(answer.content_type(asset.content_type).body(asset.body)),
    }
}
