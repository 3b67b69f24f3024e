/**
 * `npm run top [-- --url http://127.0.0.1:3000 --once]`: a running exchange at a glance, anew each second. Where the
 * output is no terminal it is plain text, a block each second; `--once` gives one block, after some seconds, and exits
 * with 1 where the exchange cannot be reached.
 */
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { type Look, looks } from './top/look.js';
import { draw, takeScreen } from './top/screen.js';
import { KEPT_LOOKS, missing, type Size, view } from './top/view.js';

/** Enough for a rate. */
const LOOKS_FOR_ONE = 4;
const PLAIN: Size = { columns: 80, rows: 40 };

const { url, once } = parseArgs({
  options: {
    url: { type: 'string', default: `http://127.0.0.1:${process.env.PORT || 3000}` },
    once: { type: 'boolean', default: false },
  },
}).values;

const isDrawn = process.stdout.isTTY && !once;
if (isDrawn) takeScreen();
// Whoever read us is gone.
process.stdout.on('error', () => process.exit(0));

const kept: Look[] = [];
for await (const seen of looks(url)) {
  const isThere = !(seen instanceof Error);
  if (isThere) kept.push(seen);
  if (kept.length > KEPT_LOOKS) kept.shift();
  if (once && isThere && kept.length < LOOKS_FOR_ONE) continue;
  show(isThere ? view(url, kept, sizeOf(isDrawn)) : missing(url, seen.message));
  if (once) process.exit(isThere ? 0 : 1);
}

function sizeOf(isTerminal: boolean): Size {
  return isTerminal ? { columns: process.stdout.columns, rows: process.stdout.rows } : PLAIN;
}

function show(lines: readonly string[]): void {
  if (isDrawn) draw(lines);
  else console.log(`${stripVTControlCharacters(lines.join('\n'))}\n`);
}
