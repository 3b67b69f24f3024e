/** How far a measurement has come, on stderr: one line rewritten in place on a terminal, a line each elsewhere. */

export function tell(line: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
}

/** The line is no longer needed. */
export function tellDone(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}
