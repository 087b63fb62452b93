# The same minor version as the package "node" in package.json, which runs the tests.
FROM node:24.21-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000

# Copied before the code, so that this layer is rebuilt only when dependencies change. None needs an install script.
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

# Without npm, so that SIGTERM reaches the service.
CMD ["node", "src/server.ts"]
