# One file for every program of the workspace:
#   docker build --build-arg PROGRAM=invoice-app --tag invoice-app .
# deploy.sh builds on the host where it can, so that images and tests share one build, and packages
# the binary with BINARY=prebuilt; only the stage that BINARY names is built or fetched.
ARG BINARY=compile

FROM docker.io/library/rust:1.95-bookworm AS compile
ARG PROGRAM
WORKDIR /source
COPY . .
# The caches are no part of any layer, so the program leaves its own before the step ends.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --release --locked --package "$PROGRAM" \
    && cp target/*/release/"$PROGRAM" /program

FROM scratch AS prebuilt
COPY program /program

# A name of its own, since COPY --from takes no argument in some builders.
FROM ${BINARY} AS binary

FROM scratch
ARG PROGRAM
LABEL org.opencontainers.image.title="${PROGRAM}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.description="${PROGRAM} of the invoice platform"
COPY --from=binary /program /program
# A number: runAsNonRoot cannot prove a name to be anybody but root, and such a pod never starts.
USER 65532:65532
ENTRYPOINT ["/program"]
