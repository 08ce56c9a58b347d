//! Distinct signed requests: leads of 400 bytes by Standard Webhooks, orders of 5 kB by Shopify.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Key bytes of the lead endpoint; its secret is `whsec_` + base64.
pub const LEAD_KEY: &[u8] = b"0123456789abcdef0123456789abcdef";
/// Secret of the order endpoint.
pub const ORDER_SECRET: &str = "shpss_0123456789abcdef0123456789";

/// Distinct customers among the events.
const CUSTOMERS: u64 = 5_000;

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Leads,
    Orders,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Leads => "leads",
            Kind::Orders => "orders",
        }
    }
}

/// Requests `first..first + count`, each as the bytes of one HTTP/1.1 request.
pub fn requests(kind: Kind, first: u64, count: u64, now: u64) -> Vec<Vec<u8>> {
    (first..first + count)
        .map(|n| match kind {
            Kind::Leads => lead(n, now),
            Kind::Orders => order(n),
        })
        .collect()
}

/// Spreads numbers so that customers do not come in order.
fn scatter(n: u64) -> u64 {
    n.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17)
}

fn uuid_like(n: u64) -> String {
    let a = scatter(n);
    let b = scatter(a ^ n);
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        b >> 52,
        b & 0xffff_ffff_ffff
    )
}

fn sign(key: &[u8], parts: &[&[u8]]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key length");
    for part in parts {
        mac.update(part);
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

fn post(path: &str, headers: &str, body: &str) -> Vec<u8> {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    request.push_str(body);
    request.into_bytes()
}

/// A lead's body, about 400 bytes.
pub fn lead_body(n: u64) -> String {
    let customer = scatter(n) % CUSTOMERS;
    let country = ["ES", "PT", "FR", "DE", "MX"][(customer % 5) as usize];
    format!(
        r#"{{"type":"lead.created","timestamp":"2026-11-24T08:00:00Z","data":{{"external_id":"L{n:010}","title":"Quote {n}","message":"Please call me about offer {n}.","campaign":"autumn","attribution":{{"utm_source":"google","utm_campaign":"autumn"}},"contact":{{"email":"c{customer}@example.com","given_name":"Ana{customer}","family_name":"Ruiz","phone":"+346{customer:08}","address":{{"country":"{country}"}}}}}}}}"#
    )
}

fn lead(n: u64, now: u64) -> Vec<u8> {
    let body = lead_body(n);
    let id = format!("msg_{}", uuid_like(n));
    let time = now.to_string();
    let signature = sign(
        LEAD_KEY,
        &[id.as_bytes(), b".", time.as_bytes(), b".", body.as_bytes()],
    );
    let headers = format!(
        "webhook-id: {id}\r\nwebhook-timestamp: {time}\r\nwebhook-signature: v1,{signature}\r\n"
    );
    post("/hooks/crm", &headers, &body)
}

/// An order's body, about 5 kB.
pub fn order_body(n: u64) -> String {
    let customer = scatter(n) % CUSTOMERS;
    let address = format!(
        r#"{{"first_name":"Ana{customer}","last_name":"Ruiz","company":null,"address1":"Calle Mayor {customer}","address2":"","city":"Madrid","zip":"28013","province":"Madrid","province_code":"M","country":"Spain","country_code":"ES","phone":"+346{customer:08}","name":"Ana{customer} Ruiz","latitude":null,"longitude":null}}"#
    );
    let mut lines = String::new();
    for line in 0..3 {
        let item = scatter(n + line) % 900;
        write!(
            lines,
            r#"{}{{"id":{},"admin_graphql_api_id":"gid://shopify/LineItem/{}","current_quantity":1,"fulfillable_quantity":1,"fulfillment_service":"manual","fulfillment_status":null,"gift_card":false,"grams":567,"name":"Article {item}","price":"19.90","price_set":{{"shop_money":{{"amount":"19.90","currency_code":"EUR"}},"presentment_money":{{"amount":"19.90","currency_code":"EUR"}}}},"product_exists":true,"product_id":{item},"properties":[],"quantity":{},"requires_shipping":true,"sku":"SKU-{item}","taxable":true,"title":"Article {item}","total_discount":"0.00","variant_id":{item},"variant_inventory_management":"shopify","variant_title":null,"vendor":"House","tax_lines":[],"duties":[],"discount_allocations":[]}}"#,
            if line == 0 { "" } else { "," },
            8_665_503_117_664_390_000_u64 + n * 4 + line,
            8_665_503_117_664_390_000_u64 + n * 4 + line,
            1 + line,
        )
        .expect("writing to a String");
    }
    format!(
        r##"{{"id":{id},"admin_graphql_api_id":"gid://shopify/Order/{id}","app_id":580111,"browser_ip":"203.0.113.7","buyer_accepts_marketing":true,"cancel_reason":null,"cancelled_at":null,"cart_token":"{token}","checkout_id":{id},"client_details":{{"accept_language":"es-ES","browser_ip":"203.0.113.7","user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"}},"closed_at":null,"confirmed":true,"contact_email":"c{customer}@example.com","created_at":"2026-11-24T09:00:00+01:00","currency":"EUR","current_subtotal_price":"119.40","current_total_discounts":"0.00","current_total_price":"125.35","current_total_tax":"20.72","customer_locale":"es","discount_codes":[],"email":"c{customer}@example.com","financial_status":"paid","fulfillment_status":null,"landing_site":"/?utm_source=google&utm_medium=cpc&utm_campaign=autumn","name":"#{number}","note":null,"note_attributes":[],"number":{number},"order_number":{number},"order_status_url":"https://shop.example.com/orders/{token}","payment_gateway_names":["card"],"phone":null,"presentment_currency":"EUR","processed_at":"2026-11-24T09:00:00+01:00","referring_site":"https://www.google.com/","source_name":"web","subtotal_price":"119.40","tags":"","tax_lines":[{{"price":"20.72","rate":0.21,"title":"IVA","channel_liable":false}}],"taxes_included":true,"test":false,"token":"{token}","total_discounts":"0.00","total_line_items_price":"119.40","total_outstanding":"0.00","total_price":"125.35","total_shipping_price_set":{{"shop_money":{{"amount":"5.95","currency_code":"EUR"}},"presentment_money":{{"amount":"5.95","currency_code":"EUR"}}}},"total_tax":"20.72","total_tip_received":"0.00","total_weight":1701,"updated_at":"2026-11-24T09:00:00+01:00","billing_address":{address},"shipping_address":{address},"customer":{{"id":{customer_id},"email":"c{customer}@example.com","first_name":"Ana{customer}","last_name":"Ruiz","state":"enabled","verified_email":true,"phone":null,"tags":"","currency":"EUR","email_marketing_consent":{{"state":"subscribed","opt_in_level":"single_opt_in","consent_updated_at":"2026-01-01T00:00:00Z"}}}},"discount_applications":[],"fulfillments":[],"line_items":[{lines}],"refunds":[],"shipping_lines":[{{"id":1,"code":"Standard","price":"5.95","title":"Standard"}}]}}"##,
        id = 5_400_000_000_000_u64 + n,
        token = uuid_like(n),
        number = 1000 + n,
        customer_id = 7_000_000_000_000_u64 + customer,
    )
}

fn order(n: u64) -> Vec<u8> {
    let body = order_body(n);
    let signature = sign(ORDER_SECRET.as_bytes(), &[body.as_bytes()]);
    let headers = format!(
        "x-shopify-topic: orders/create\r\nx-shopify-shop-domain: shop.myshopify.com\r\nx-shopify-webhook-id: {}\r\nx-shopify-triggered-at: 2026-11-24T08:00:00.000000000Z\r\nx-shopify-hmac-sha256: {signature}\r\n",
        uuid_like(n ^ 0x5555)
    );
    post("/hooks/shop", &headers, &body)
}
