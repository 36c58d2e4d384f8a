# One image for every process of Countersign: the command says which (docker-compose.yml).
# Debian and not Alpine: the Temporal SDK's native part needs glibc.

FROM node:22-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --include=dev --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/ scripts/
COPY src/ src/
# The commit, since no git folder comes along: docker build --build-arg BUILD_ID="$(git rev-parse --short=12 HEAD)" .
ARG BUILD_ID=
RUN npm run build -- --all
# The SDK brings its native part for five platforms, 30 MB each. Loading the worker afterwards proves that the right one is left.
RUN npm prune --omit=dev --no-audit --no-fund \
  && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 \
    ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -rf {} + \
  && node --input-type=module --eval "await import('@temporalio/worker')"

FROM node:22-slim
LABEL org.opencontainers.image.title="Countersign" \
  org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules/ node_modules/
COPY --from=build /app/dist/ dist/
COPY package.json document-types.json ./
COPY migrations/ migrations/
COPY deploy/healthcheck.mjs deploy/
# Named volumes take over the owner of the folders that they are mounted on.
RUN mkdir -p /data/documents /data/sandbox && chown -R node:node /data
# The user "node", as a number: Kubernetes checks runAsNonRoot on numbers only.
USER 1000:1000
CMD ["node", "dist/worker.js"]
