# The binary needs Debian's C library and nothing else: SQLite, schemas and mappings are inside it.
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN scripts/build

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --create-home frontdesk
COPY --from=build /src/target/dist/frontdesk /usr/local/bin/frontdesk
USER frontdesk
WORKDIR /data
VOLUME /data
EXPOSE 8080
CMD ["frontdesk", "serve", "--config", "/data/frontdesk.toml", "--listen", "0.0.0.0:8080"]
