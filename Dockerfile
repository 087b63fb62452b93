# The minor version is that of the package "node" in package.json, on which the tests run.
FROM node:24.21-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000

# Dependencies change less often than the code. None of them needs its install script.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force

COPY src ./src
COPY plugins ./plugins
COPY routes ./routes
COPY public ./public

USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# Not through npm, so that SIGTERM reaches the service itself.
CMD ["node", "src/server.ts"]
