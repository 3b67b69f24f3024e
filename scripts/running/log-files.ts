/**
 * The log files of the programs: kept from growing without end, and their warnings shown on the console.
 *
 * The programs write their files themselves; we only read along. So a program never waits for us or misses us.
 */
import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';

const LONGEST_LOG_BYTES = 10 * 1024 * 1024;
const POLL_INTERVAL_MS = 200;
/** Bounds what a program in trouble can pour onto the console; what is more, is in its file. */
const BYTES_PER_POLL = 64 * 1024;

/** Renames a long file to `<file>.1`, over the one that was there. Only while nobody writes to it. */
export function rotateLog(file: string): void {
  const bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes > LONGEST_LOG_BYTES) {
    renameSync(file, `${file}.1`);
  }
}

/** Passes on, in a readable form, each warning and error that is written to the file from now on. */
export function echoWarnings(name: string, file: string, say: (line: string) => void): void {
  const fd = openSync(file, 'a+', 0o600);
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(BYTES_PER_POLL);
  let position = fstatSync(fd).size;
  let unfinished = '';
  const poll = (): void => {
    const bytes = readSync(fd, buffer, 0, BYTES_PER_POLL, position);
    position += bytes;
    const lines = (unfinished + decoder.decode(buffer.subarray(0, bytes), { stream: true })).split('\n');
    unfinished = lines.pop() ?? '';
    for (const line of lines) {
      const readable = readableWarning(line);
      if (readable !== undefined) {
        say(`${name}: ${readable}`);
      }
    }
  };
  const timer = setInterval(poll, POLL_INTERVAL_MS).unref();
  process.once('exit', () => {
    clearInterval(timer);
    poll();
    closeSync(fd);
  });
}

/** Undefined for what needs no attention. A line that is no JSON is a program's last words, such as a stack. */
export function readableWarning(line: string): string | undefined {
  const entry = parse(line);
  if (entry === undefined) {
    return line.trim() === '' ? undefined : line;
  }
  const { level, time, name, pid, msg, err, ...rest } = entry;
  if (typeof level !== 'number' || level < 40) {
    return undefined;
  }
  const stack = (err as { stack?: string } | undefined)?.stack;
  const details = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`;
  return `${level >= 50 ? 'ERROR' : 'WARN'} ${msg ?? ''}${details}${stack === undefined ? '' : `\n${stack}`}`;
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
