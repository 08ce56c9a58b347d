# Build: the binary links musl-free against Debian's libc only; SQLite, schemas and mappings are inside it.
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --create-home frontdesk
COPY --from=build /src/target/release/frontdesk /usr/local/bin/frontdesk
USER frontdesk
WORKDIR /data
VOLUME /data
EXPOSE 8080
# The health check needs no tool in the image: the binary asks itself.
HEALTHCHECK --interval=10s --timeout=3s CMD ["frontdesk", "health", "--url", "http://127.0.0.1:8080"]
CMD ["frontdesk", "serve", "--config", "/data/frontdesk.toml", "--listen", "0.0.0.0:8080"]
