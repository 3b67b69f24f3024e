/**
 * `GET /docs`: the interface to read and to try, by Swagger UI. Its files are ours to serve, and the page may load from
 * and talk to this host only.
 *
 * Guarantees: however slowly a client reads, of a file nothing is copied for it.
 */
import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { etagOf, matches } from './kept.js';

interface Page {
  readonly type: string;
  readonly content: Buffer;
  readonly etag: string;
}

const HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Lockstep: the interface</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;
const START = `SwaggerUIBundle({
  dom_id: '#docs',
  url: '/api/v1/openapi.json',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: -1,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
});
`;
/** The viewer sets styles on its elements; scripts come from files only. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function attachDocs(app: TemplatedApp): void {
  const pages = {
    '/docs': page('text/html; charset=utf-8', Buffer.from(HTML)),
    '/docs/start.js': page('text/javascript; charset=utf-8', Buffer.from(START)),
    '/docs/swagger-ui-bundle.js': page('text/javascript; charset=utf-8', viewerFile('swagger-ui-bundle.js')),
    '/docs/swagger-ui.css': page('text/css; charset=utf-8', viewerFile('swagger-ui.css')),
  };
  for (const [path, content] of Object.entries(pages)) {
    app.get(path, (response, request) => serve(response, request, content));
  }
}

function page(type: string, content: Buffer): Page {
  return { type, content, etag: etagOf(content) };
}

function viewerFile(name: string): Buffer {
  return readFileSync(createRequire(import.meta.url).resolve(`swagger-ui-dist/${name}`));
}

function serve(response: HttpResponse, request: HttpRequest, { type, content, etag }: Page): void {
  let gone = false;
  response.onAborted(() => {
    gone = true;
  });
  const isKnown = matches(request.getHeader('if-none-match'), etag);
  response.cork(() => {
    response
      .writeStatus(isKnown ? '304 Not Modified' : '200 OK')
      .writeHeader('Cache-Control', 'no-cache')
      .writeHeader('ETag', etag)
      .writeHeader('Content-Security-Policy', POLICY)
      .writeHeader('X-Content-Type-Options', 'nosniff')
      .writeHeader('Referrer-Policy', 'no-referrer');
    if (isKnown) response.endWithoutBody();
    else sendAll(response.writeHeader('Content-Type', type), content, () => gone);
  });
}

/** As fast as it is read. */
function sendAll(response: HttpResponse, content: Buffer, isGone: () => boolean): void {
  const [, done] = response.tryEnd(content, content.length);
  if (done) return;
  response.onWritable(offset => {
    if (isGone()) return true;
    const [taken] = response.tryEnd(content.subarray(offset), content.length);
    return taken;
  });
}
