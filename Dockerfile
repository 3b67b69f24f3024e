# One image for the engine, the api and the db-writer; docker-compose.yml says which of them a container is.
FROM node:22-bookworm-slim
WORKDIR /app
COPY . .
# Where there is a REDIS_URL, the set-up installs no Redis.
RUN REDIS_URL=redis://redis npm run build && npm prune --omit=dev
ENV NODE_ENV=production
USER node
CMD ["node", "--enable-source-maps", "dist/api/main.js"]
