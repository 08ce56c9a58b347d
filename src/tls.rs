//! The only place that chooses who does the cryptography of TLS, for whoever builds an HTTP client.

/// Makes `ring` the provider of this process, once.
pub fn install() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Somebody else may install one at the same moment; either will do.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
    }
}
