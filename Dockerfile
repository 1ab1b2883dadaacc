# One static binary in an empty image: no shell, no libraries, no package manager. Nothing here depends on the
# architecture: `docker buildx build --platform linux/amd64,linux/arm64` builds both.
#
#   docker build --build-arg REVISION="$(git rev-parse --short=12 HEAD)" --tag obs-error-exporter:0.1.0 .
#
# The same bytes each time: give SOURCE_DATE_EPOCH ("$(git log -1 --format=%ct)") as a build argument too and use
# `--output type=image,rewrite-timestamp=true` (BuildKit) or `--timestamp "$SOURCE_DATE_EPOCH"` (buildah).
ARG RUST_VERSION=1.95.0
FROM docker.io/library/rust:${RUST_VERSION}-slim-bookworm AS build
WORKDIR /build

# The dependencies alone, with an empty program: a layer that is kept until the lock file changes.
COPY Cargo.toml Cargo.lock build.rs ./
COPY deploy/release deploy/release
RUN mkdir src && touch src/lib.rs && echo 'fn main() {}' >src/main.rs && deploy/release build

COPY src src
ARG REVISION=unknown
# cargo goes by time stamps, and those of the sources may be older than the empty program's
RUN touch src/lib.rs src/main.rs \
    && REVISION="${REVISION}" deploy/release build \
    && install -D -m 0755 target/*/release/obs-error-exporter /out/bin/obs-error-exporter \
    && install -d -m 0750 /out/state

FROM scratch
ARG REVISION=unknown
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="obs-error-exporter" \
      org.opencontainers.image.description="Prometheus exporter that finds Huawei Cloud OBS errors in the logs of the services that call OBS" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /out/bin/ /bin/
# The one place that it writes to. With a read-only root file system it stays writable, since it is a volume.
COPY --from=build --chown=65532:65532 /out/state/ /var/lib/obs-error-exporter/
VOLUME ["/var/lib/obs-error-exporter"]
ENV OBS_ERROR_EXPORTER_STATE_PATH=/var/lib/obs-error-exporter
# A number, so that Kubernetes can tell that it is not root
USER 65532:65532
EXPOSE 19765
STOPSIGNAL SIGTERM
# Ready means: all that the logs held at the start has been read; a large backlog may take a while.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["/bin/obs-error-exporter", "healthcheck"]
ENTRYPOINT ["/bin/obs-error-exporter"]
CMD ["serve"]
